// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.app;

import android.app.Activity;
import android.content.res.Resources;
import android.content.res.TypedArray;
import android.text.Spannable;
import android.text.SpannableString;
import android.text.SpannableStringBuilder;
import android.text.style.BackgroundColorSpan;
import android.view.View;
import android.widget.ProgressBar;
import android.widget.TextView;
import ernie.slu.screen.Highlight;
import ernie.slu.screen.Screen;
import ernie.slu.screen.ScreenState;
import java.util.Locale;

/** Puts a state into the widgets; it decides nothing. */
final class StateView implements Screen.View {
    private final Resources resources;
    private final View ask;
    private final View busy;
    private final TextView status;
    private final View result;
    private final TextView intent;
    private final TextView confidence;
    private final ProgressBar bar;
    private final TextView sentence;
    private final TextView slots;
    private final TextView latency;
    private final int[] palette = new int[Highlight.COLOURS];

    StateView(Activity activity) {
        resources = activity.getResources();
        ask = activity.findViewById(R.id.ask);
        busy = activity.findViewById(R.id.busy);
        status = (TextView) activity.findViewById(R.id.status);
        result = activity.findViewById(R.id.result);
        intent = (TextView) activity.findViewById(R.id.intent);
        confidence = (TextView) activity.findViewById(R.id.confidence);
        bar = (ProgressBar) activity.findViewById(R.id.confidence_bar);
        sentence = (TextView) activity.findViewById(R.id.sentence);
        slots = (TextView) activity.findViewById(R.id.slots);
        latency = (TextView) activity.findViewById(R.id.latency);
        TypedArray colours = resources.obtainTypedArray(R.array.slot_colours);
        for (int i = 0; i < palette.length; i++) {
            palette[i] = colours.getColor(i, 0);
        }
        colours.recycle();
    }

    @Override
    public void show(ScreenState state) {
        ask.setEnabled(state.accepts());
        busy.setVisibility(state.status == ScreenState.Status.LOADING ? View.VISIBLE : View.GONE);
        status.setText(words(state));
        status.setVisibility(status.length() == 0 ? View.GONE : View.VISIBLE);
        if (state.status == ScreenState.Status.RUNNING) {
            return; // the answer before stays for the milliseconds until the next
        }
        result.setVisibility(state.hasIntent() ? View.VISIBLE : View.GONE);
        if (state.hasIntent()) {
            showAnswer(state);
        }
    }

    private void showAnswer(ScreenState state) {
        intent.setText(state.answer.intent);
        double percent = state.confidencePerMille() / 10.0;
        confidence.setText(resources.getString(R.string.confidence, String.format(Locale.ROOT, "%.1f", percent)));
        bar.setProgress(state.confidencePerMille());
        SpannableString marked = new SpannableString(state.answer.text);
        SpannableStringBuilder list = new SpannableStringBuilder();
        for (Highlight each : state.highlights) {
            BackgroundColorSpan colour = new BackgroundColorSpan(palette[each.colour]);
            marked.setSpan(colour, each.begin, each.end, Spannable.SPAN_EXCLUSIVE_EXCLUSIVE);
            list.append(list.length() == 0 ? "" : "\n");
            int begin = list.length();
            list.append(each.slot.name);
            colour = new BackgroundColorSpan(palette[each.colour]);
            list.setSpan(colour, begin, list.length(), Spannable.SPAN_EXCLUSIVE_EXCLUSIVE);
            list.append("  ").append(each.slot.entity);
        }
        sentence.setText(marked);
        slots.setText(list.length() == 0 ? resources.getString(R.string.no_slots) : list);
        int words = state.answer.truncated ? R.string.latency_truncated : R.string.latency;
        latency.setText(resources.getString(words, state.milliseconds()));
    }

    private String words(ScreenState state) {
        switch (state.status) {
            case LOADING:
                return resources.getString(R.string.loading);
            case NOTHING_READ:
                return resources.getString(R.string.nothing_read);
            case MODEL_MISSING:
                return resources.getString(R.string.model_missing, state.detail);
            case MODEL_REFUSED:
                return resources.getString(R.string.model_refused, state.detail);
            case ENGINE_MISSING:
                return resources.getString(R.string.engine_missing, state.detail);
            case FAILED:
                return resources.getString(R.string.failed, state.detail);
            default:
                return "";
        }
    }
}

// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.app;

import android.app.Activity;
import android.os.Bundle;
import android.view.KeyEvent;
import android.view.LayoutInflater;
import android.view.View;
import android.view.ViewGroup;
import android.widget.Button;
import android.widget.EditText;
import android.widget.TextView;

/** A text field with examples; below it what was understood. */
public final class MainActivity extends Activity
        implements View.OnClickListener, TextView.OnEditorActionListener {
    private Session session;
    private EditText text;

    @Override
    @SuppressWarnings("deprecation") // what came after it needs a library
    protected void onCreate(Bundle saved) {
        super.onCreate(saved); // it brings back the text after the phone was turned
        setContentView(R.layout.activity_main);
        text = (EditText) findViewById(R.id.text);
        text.setOnEditorActionListener(this);
        findViewById(R.id.ask).setOnClickListener(this);
        addExamples();
        session = (Session) getLastNonConfigurationInstance();
        if (session == null) {
            session = new Session(this);
        }
        session.showOn(new StateView(this));
    }

    private void addExamples() {
        ViewGroup row = (ViewGroup) findViewById(R.id.examples);
        for (String example : getResources().getStringArray(R.array.examples)) {
            Button chip = (Button) LayoutInflater.from(this).inflate(R.layout.chip, row, false);
            chip.setText(example);
            chip.setOnClickListener(this);
            row.addView(chip);
        }
    }

    /** The button, or an example, which is put into the field first. */
    @Override
    public void onClick(View view) {
        if (view.getId() != R.id.ask) {
            text.setText(((Button) view).getText());
            text.setSelection(text.length());
        }
        session.ask(text.getText().toString());
    }

    @Override
    public boolean onEditorAction(TextView view, int action, KeyEvent event) {
        if (event == null || event.getAction() == KeyEvent.ACTION_DOWN) { // not once more when the key goes up
            session.ask(text.getText().toString());
        }
        return true;
    }

    @Override
    @SuppressWarnings("deprecation")
    public Object onRetainNonConfigurationInstance() {
        return session;
    }

    @Override
    protected void onDestroy() {
        session.showOn(null);
        if (!isChangingConfigurations()) {
            session.close();
        }
        super.onDestroy();
    }
}

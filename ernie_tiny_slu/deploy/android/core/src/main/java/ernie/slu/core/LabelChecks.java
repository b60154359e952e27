// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
package ernie.slu.core;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The label lists against the outputs: `x` belongs to `x_logits`. */
final class LabelChecks {
    private LabelChecks() {}

    static void check(Place labels, Place manifest) throws BundleException {
        List<String> names = labels.names();
        for (String name : names) {
            Set<String> seen = new HashSet<String>();
            for (Place label : labels.get(name).list()) {
                if (!seen.add(label.text())) {
                    throw label.refused("the label stands there twice; remove one and train again");
                }
            }
            if (seen.isEmpty()) {
                throw labels.get(name).refused("it needs at least one label");
            }
            width(labels.get(name), name, names.size() == 1, manifest);
        }
        for (Place output : manifest.get("outputs").list()) {
            String name = output.get("name").text();
            boolean alone = names.size() == 1 && manifest.get("outputs").list().size() == 1;
            String label = name.endsWith("_logits") ? name.substring(0, name.length() - "_logits".length()) : null;
            if (label != null && !names.contains(label) && !alone) {
                throw labels.refused("no labels for the output " + Show.value(name) + "; export the bundle again");
            }
        }
        transitions(labels, names, manifest);
    }

    private static void width(Place list, String name, boolean only, Place manifest) throws BundleException {
        List<Place> outputs = manifest.get("outputs").list();
        int labels = list.list().size();
        for (Place output : outputs) {
            boolean alone = only && outputs.size() == 1;
            if (!alone && !output.get("name").text().equals(name + "_logits")) {
                continue;
            }
            List<Place> shape = output.get("shape").list();
            long wide = shape.get(shape.size() - 1).count(1);
            if (wide != labels) {
                throw list.refused("the output " + Show.value(output.get("name").text()) + " is " + wide + " wide; take"
                        + " the label file the model was trained with");
            }
            return;
        }
        throw list.refused("no output belongs to it; export the bundle again");
    }

    private static void transitions(Place labels, List<String> names, Place manifest) throws BundleException {
        Place decoder = manifest.find("decoder");
        if (decoder == null || decoder.find("transitions") == null) {
            return;
        }
        int scored = decoder.get("transitions").get("start").list().size();
        boolean found = false;
        for (String name : names) {
            if (name.equals("slot") || name.equals("tag")) {
                found = true;
                if (labels.get(name).list().size() != scored) {
                    throw labels.get(name).refused("the decoder's transitions are for " + scored + " tags; export again");
                }
            }
        }
        if (!found) {
            throw labels.refused("no tags, but the decoder has transitions; export the bundle again");
        }
    }
}

// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "manifest.h"

#include <algorithm>
#include <set>

#include "error.h"
#include "place.h"
#include "text.h"

namespace slu {
namespace {

constexpr std::int64_t kFormat = 1, kTokenizerRules = 1;

bool is_file_name(const std::string& name) {
  const auto plain = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
  };
  return !name.empty() && name.size() <= 100 && plain(name.front()) && name != kManifest &&
         std::all_of(name.begin(), name.end(), [&plain](char letter) {
           return plain(letter) || letter == '.' || letter == '_' || letter == '-';
         });
}

bool ends_with(const std::string& name, const std::string& ending) {
  return name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

void check_architecture(const Place& place) {
  place.object()["name"].text();
  const std::int64_t layers = place["layers"].count();
  for (const char* key : {"hidden", "vocab_size", "positions"}) place[key].count();
  for (const char* key : {"heads", "ffn"}) {
    for (const Place& entry : place[key].list(static_cast<std::size_t>(layers))) entry.count();
  }
}

std::vector<std::int64_t> dimensions(const Place& shape) {
  std::vector<std::int64_t> found;
  for (const Place& axis : shape.list()) found.push_back(axis.integer() == -1 ? -1 : axis.count());
  return found;
}

// Names of the tensors in their order.
std::vector<std::string> check_tensors(const Place& tensors, bool typed) {
  std::vector<std::string> names;
  for (const Place& tensor : tensors.list()) {
    names.push_back(tensor.object()["name"].text());
    const std::vector<std::int64_t> shape = dimensions(tensor["shape"]);
    if (typed) {
      tensor["dtype"].one_of({"int32", "int64"});
    } else if (shape.empty() || shape.back() == -1) {
      tensor["shape"].refuse("the last axis of an output must have a known width");
    }
  }
  if (names.empty() || std::set<std::string>(names.begin(), names.end()).size() != names.size()) {
    tensors.refuse("it must name at least one tensor, and none twice");
  }
  return names;
}

void check_files(const Place& place, Bundle& bundle, Sums& sums) {
  bool model = false;
  const std::vector<Place> entries = place.object().entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string& name = place.value().members[i].first;
    if (!is_file_name(name)) {
      throw UserError(place.file() + ": `files` lists " + show(name) +
                      ", which is not the plain name of a bundle's file");
    }
    const Place& entry = entries[i];
    bundle.files[name] = static_cast<std::uint64_t>(entry.object()["bytes"].count(0));
    const std::string& sum = entry["sha256"].text();
    const bool digits = std::all_of(sum.begin(), sum.end(), [](char letter) {
      return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
    });
    if (sum.size() != 64 || !digits) entry["sha256"].refuse("a sha256 is 64 hexadecimal digits");
    sums[name] = sum;
    for (const char* ending : {".pdmodel", ".onnx", ".xml", ".nb"}) model = model || ends_with(name, ending);
  }
  for (const char* name : {"vocab.txt", "labels.json"}) place[name];
  if (!model) {
    throw UserError(place.file() + ": `files` lists no model (.pdmodel, .onnx, .xml or .nb); export the bundle again");
  }
}

void check_engines(const Place& engines, Bundle& bundle) {
  const std::vector<Place> entries = engines.object().entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Place& entry = entries[i];
    EngineEntry& found = bundle.engines[engines.value().members[i].first];
    found.passed = entry.object()["passed"].boolean();
    entry["precision"].one_of({"fp32", "bf16", "fp16", "int8"});
    found.file = entry["file"].text();
    if (bundle.files.count(found.file) == 0) {
      entry["file"].refuse("`files` does not list it; export the bundle again");
    }
    for (const char* key : {"max_abs_diff", "agreement"}) {
      if (entry.has(key)) entry[key].number();
    }
  }
}

std::vector<float> scores(const Place& place, std::size_t length) {
  std::vector<float> found;
  for (const Place& entry : place.list(length)) found.push_back(static_cast<float>(entry.number()));
  return found;
}

void check_decoder(const Place& place, Bundle& bundle) {
  bundle.decoder = place.object()["default"].text();
  if (!place.has("transitions")) return;
  const Place given = place["transitions"];
  Transitions transitions;
  const std::size_t tags = given.object()["start"].list().size();
  transitions.start = scores(given["start"], tags);
  transitions.end = scores(given["end"], tags);
  for (const Place& row : given["pairs"].list(tags)) transitions.pairs.push_back(scores(row, tags));
  bundle.transitions = std::move(transitions);
}

// What this client needs beyond a sound manifest: one input of ids, and the two outputs.
void check_interface(const Place& top, Bundle& bundle) {
  const std::vector<Place> inputs = top["inputs"].entries();
  const std::string& task = top["task"].value().string;
  if (task != kTask) {
    throw UserError(bundle.path + ": a bundle of the task " + show(task) + ", but `" + kTask + "` was asked for");
  }
  if (inputs.size() != 1) top["inputs"].refuse("this client feeds one input, the token ids; export the bundle again");
  if (inputs[0]["shape"].list().size() != 2) inputs[0]["shape"].refuse("the token ids have two axes, batch and length");
  bundle.input = inputs[0]["name"].text();
  bundle.dtype = inputs[0]["dtype"].text() == "int64" ? Dtype::kInt64 : Dtype::kInt32;
  for (const Place& output : top["outputs"].entries()) {
    const std::string& name = output["name"].text();
    const std::size_t axes = name == "intent_logits" ? 2 : name == "slot_logits" ? 3 : 0;
    if (axes != 0 && output["shape"].list().size() != axes) {
      output["shape"].refuse("it must have " + std::to_string(axes) + " axes");
    }
  }
}

std::size_t output_of(const Bundle& bundle, const std::string& name) {
  const auto found = std::find(bundle.outputs.begin(), bundle.outputs.end(), name + "_logits");
  if (found == bundle.outputs.end()) {
    throw UserError(bundle.path + ": no labels or no output for `" + name + "`; export the bundle again");
  }
  return static_cast<std::size_t>(found - bundle.outputs.begin());
}

}  // namespace

std::size_t check_manifest(const json::Value& manifest, const std::string& where, Bundle& bundle, Sums& sums) {
  const Place top(manifest, where);
  top.object();
  if (top["format"].integer() != kFormat) {
    top["format"].refuse("this program reads format 1; export the bundle again, or take the program it is for");
  }
  for (const char* key : {"app", "task", "stage"}) top[key].text();
  bundle.precision = top["precision"].one_of({"fp32", "int8"});
  top["embedding"].one_of({"fp32", "int8"});
  const Place architecture = top["architecture"];
  check_architecture(architecture);
  check_tensors(top["inputs"], true);
  bundle.outputs = check_tensors(top["outputs"], false);
  const std::int64_t length = top["max_length"].count(2), positions = architecture["positions"].count();
  if (length > positions) {
    top["max_length"].refuse("the position table has only " + std::to_string(positions) +
                             " rows; export with a smaller length");
  }
  const std::int64_t rows = architecture["vocab_size"].count();
  if (top["pad_id"].count(0) >= rows) {
    top["pad_id"].refuse("the embedding has only " + std::to_string(rows) + " rows");
  }
  const Place rules = top["tokenizer"].object()["rules_version"];
  if (rules.count() != kTokenizerRules) {
    rules.refuse("this program's tokenizer has rules 1; export the bundle again");
  }
  const std::int64_t declared = top["tokenizer"]["vocab_size"].count();
  check_files(top["files"], bundle, sums);
  if (top.has("int8_ops")) {
    for (const Place& entry : top["int8_ops"].list()) entry.text();
  }
  if (manifest.find("metrics")) top["metrics"].object();
  if (manifest.find("engines")) check_engines(top["engines"], bundle);
  if (top.has("decoder")) check_decoder(top["decoder"], bundle);
  if (bundle.decoder.empty()) bundle.decoder = "bio";
  check_interface(top, bundle);
  if (rows != declared) {
    throw UserError(where + ": the tokenizer declares " + std::to_string(declared) + " tokens, the embedding has " +
                    std::to_string(rows) + " rows; they must be equal, export the bundle again");
  }
  bundle.max_length = static_cast<std::size_t>(length);
  bundle.positions = static_cast<std::size_t>(positions);
  bundle.pad_id = static_cast<std::int32_t>(top["pad_id"].integer());
  return static_cast<std::size_t>(rows);
}

void check_labels(const json::Value& labels, const json::Value& manifest, const std::string& where, Bundle& bundle) {
  const Place top(labels, where), outputs(*manifest.find("outputs"), kManifest);
  const std::vector<Place> entries = top.object().entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::string& name = labels.members[i].first;
    const Place& entry = entries[i];
    if (entry.list().empty()) entry.refuse("it needs at least one label");
    std::vector<std::string> words;
    for (const Place& label : entry.entries()) words.push_back(label.text());
    if (std::set<std::string>(words.begin(), words.end()).size() != words.size()) {
      entry.refuse("a label stands there twice; remove one and train again");
    }
    const auto output = std::find(bundle.outputs.begin(), bundle.outputs.end(), name + "_logits");
    if (output == bundle.outputs.end()) {
      throw UserError(where + ": labels " + show(name) + ", but no output of that name with `_logits` behind it" +
                      did_you_mean(name + "_logits", bundle.outputs));
    }
    const auto place = static_cast<std::size_t>(output - bundle.outputs.begin());
    const std::int64_t width = outputs.entries()[place]["shape"].entries().back().integer();
    if (width != static_cast<std::int64_t>(words.size())) {
      throw UserError(where + ": " + std::to_string(words.size()) + " labels in " + show(name) + ", but the output " +
                      show(*output) + " is " + std::to_string(width) +
                      " wide; take the label file the model was trained with");
    }
    if (name == "intent") bundle.intents = words;
    if (name == "slot") bundle.tags = words;
  }
  for (const std::string& output : bundle.outputs) {
    const bool named = ends_with(output, "_logits") && !labels.find(output.substr(0, output.size() - 7));
    if (named) throw UserError(where + ": no labels for the output " + show(output) + "; export the bundle again");
  }
  bundle.intent_output = output_of(bundle, "intent");
  bundle.slot_output = output_of(bundle, "slot");
  if (bundle.transitions && bundle.transitions->start.size() != bundle.tags.size()) {
    throw UserError(where + ": " + std::to_string(bundle.tags.size()) +
                    " tags, but the decoder's transitions are for " + std::to_string(bundle.transitions->start.size()) +
                    "; export the bundle again");
  }
}

}  // namespace slu

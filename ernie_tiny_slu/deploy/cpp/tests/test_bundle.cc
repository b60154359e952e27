// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include <functional>
#include <random>

#include "bundle.h"
#include "check.h"
#include "error.h"
#include "small_bundle.h"

using slu::json::Kind;
using slu::json::Value;

namespace {

// Reads it; true if it was good. Anything but a UserError of one line is a failure of the test.
bool reads(const std::string& path) {
  try {
    slu::read_bundle(path);
    return true;
  } catch (const slu::UserError& refusal) {
    const std::string message = refusal.what();
    if (message.find('\n') != std::string::npos || message.size() > 1000) {
      check::fail(__FILE__, __LINE__, "not a short line: " + message);
    }
    return false;
  }
}

// What may stand anywhere in a stranger's file.
std::vector<Value> strangers() {
  std::vector<Value> values(11);
  values[1].kind = Kind::kBoolean;
  values[1].boolean = true;
  const auto number = [&values](std::size_t i, Kind kind, std::int64_t integer, double value) {
    values[i].kind = kind;
    values[i].integer = integer;
    values[i].number = value;
  };
  number(2, Kind::kInteger, -1, -1);
  number(3, Kind::kInteger, 0, 0);
  number(4, Kind::kInteger, INT64_MAX, 9.2e18);
  number(5, Kind::kNumber, 0, 1.5);
  number(6, Kind::kNumber, 0, 1e308);
  values[7].kind = Kind::kString;
  values[8].kind = Kind::kString;
  slu::append(values[8].string, 0xD800);
  values[9].kind = Kind::kArray;
  values[9].items.resize(3);
  values[10].kind = Kind::kObject;
  values[10].members.emplace_back("\n\x7F" + std::string(5000, 'x'), Value());
  return values;
}

// Calls use() with each place of a value in turn holding each stranger, and once without the member.
void everywhere(Value& place, const std::function<void()>& use) {
  const Value kept = place;
  for (const Value& stranger : strangers()) {
    place = stranger;
    use();
  }
  place = kept;
  for (Value& item : place.items) everywhere(item, use);
  for (std::size_t i = 0; i < place.members.size(); ++i) {
    everywhere(place.members[i].second, use);
    auto member = place.members[i];
    place.members.erase(place.members.begin() + static_cast<std::ptrdiff_t>(i));
    use();
    place.members.insert(place.members.begin() + static_cast<std::ptrdiff_t>(i), member);
  }
}

}  // namespace

TEST(a_sound_bundle_is_read) {
  const SmallBundle small;
  const slu::Bundle bundle = slu::read_bundle(small.path());
  EQUAL(bundle.precision, "fp32");
  EQUAL(bundle.max_length, 16u);
  EQUAL(bundle.input, "input_ids");
  EQUAL(bundle.intents, (std::vector<std::string>{"OTHERS", "music.play"}));
  EQUAL(bundle.tags, (std::vector<std::string>{"O", "B-song", "I-song"}));
  EQUAL(bundle.decoder, "crf");
  EQUAL(bundle.transitions->start, (std::vector<float>{0, 0, 0.5F}));
  EQUAL(slu::engine_files(bundle, "openvino"), (std::vector<std::string>{small.path() + "/model.onnx"}));
  REFUSED(slu::engine_files(bundle, "fastdeploy_paddle"), "no model.pdmodel + model.pdiparams among");
}

TEST(any_value_at_any_place_of_the_manifest) {
  const SmallBundle small;
  const std::string where = small.path() + "/manifest.json";
  Value manifest = slu::json::parse(slu::read_text(where, "manifest"), where);
  int good = 0, all = 0;
  everywhere(manifest, [&] {
    small.folder.write("manifest.json", written(manifest));
    ++all;
    good += reads(small.path());
  });
  EQUAL(all > 700, true);
  EQUAL(good > 20 && good < all / 4, true);  // scores, metrics and shapes may be other ones
  small.folder.write("manifest.json", written(manifest));
  EQUAL(reads(small.path()), true);
}

TEST(any_value_at_any_place_of_the_labels) {
  const SmallBundle small;
  const std::string where = small.path() + "/labels.json";
  Value labels = slu::json::parse(slu::read_text(where, "labels"), where);
  everywhere(labels, [&] {
    small.folder.write("labels.json", written(labels));
    small.seal();
    reads(small.path());
  });
}

TEST(a_manifest_cut_or_changed_at_any_byte) {
  const SmallBundle small;
  const std::string whole = slu::read_bytes(small.path() + "/manifest.json", "manifest");
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    small.folder.write("manifest.json", whole.substr(0, size));
    EQUAL(reads(small.path()), false);
  }
  std::mt19937 random(5);
  for (int i = 0; i < 1000; ++i) {
    std::string changed = whole;
    changed[random() % changed.size()] = static_cast<char>(random());
    small.folder.write("manifest.json", changed);
    reads(small.path());
  }
}

TEST(a_tampered_or_truncated_model_is_refused) {
  const SmallBundle small;
  small.folder.write("model.onnx", "not a modem");
  REFUSED(slu::read_bundle(small.path()), "model.onnx: sha256");
  small.folder.write("model.onnx", "not a mod");
  REFUSED(slu::read_bundle(small.path()), "model.onnx: 9 bytes, but the manifest says 11");
  std::filesystem::remove(small.path() + "/model.onnx");
  REFUSED(slu::read_bundle(small.path()), "model.onnx: no such file");
  std::filesystem::create_directory(small.path() + "/model.onnx");
  REFUSED(slu::read_bundle(small.path()), "not a file");
}

TEST(what_contradicts_itself_is_refused) {
  const auto refuse = [](const std::string& from, const std::string& to, const std::string& said) {
    const SmallBundle small;
    small.change("manifest.json", from, to);
    REFUSED(slu::read_bundle(small.path()), said);
  };
  refuse("\"format\": 1", "\"format\": 2", "`format` is 2; this program reads format 1");
  refuse("joint_intent_slot", "token_classification", "a bundle of the task `token_classification`");
  refuse("\"int32\"", "\"int16\"", "`inputs[0].dtype` is `int16`; it must be one of int32, int64");
  refuse("\"rules_version\": 1", "\"rules_version\": 2", "this program's tokenizer has rules 1");
  refuse("\"max_length\": 16", "\"max_length\": 17", "the position table has only 16 rows");
  refuse("\"pad_id\": 0", "\"pad_id\": 7", "the embedding has only 7 rows");
  refuse("\"vocab_size\": 7", "\"vocab_size\": 8", "the embedding has 8 rows");
  refuse("[-1, 2]", "[-1, 3]", "2 labels in `intent`, but the output `intent_logits` is 3 wide");
  refuse("[-1, -1, 3]", "[-1, 3]", "it must have 3 axes");
  refuse("\"default\"", "\"standard\"", "no key `default`");
  refuse("[0, 0, 0.5]", "[0, 0]", "`decoder.transitions.end`");
  refuse("0.5]", "1e999]", "a number is too large");
  refuse("\"vocab.txt\"", "\"../vocab.txt\"", "which is not the plain name");
  refuse("\"file\": \"model.onnx\"", "\"file\": \"other.onnx\"", "`files` does not list it");
  refuse("\"app\"", "\"format\": 1, \"app\"", "stands there twice");
}

TEST(the_vocabulary_has_as_many_rows_as_the_embedding) {
  const SmallBundle small;
  small.folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n");
  small.seal();
  REFUSED(slu::read_bundle(small.path()), "vocab.txt has 4 tokens, the embedding has 7 rows");
}

TEST(an_engine_that_did_not_pass_the_gate_is_refused) {
  const SmallBundle small;
  small.change("manifest.json", "\"passed\": true", "\"passed\": false");
  const slu::Bundle bundle = slu::read_bundle(small.path());
  REFUSED(slu::engine_files(bundle, "openvino"), "the parity gate did not pass on openvino");
}

TEST(what_is_not_a_bundle_is_refused) {
  const Temporary folder;
  REFUSED(slu::read_bundle(folder.path() + "/none"), "no such bundle folder");
  REFUSED(slu::read_bundle(folder.path()), "no such manifest (is this folder a bundle?)");
  REFUSED(slu::read_bundle(folder.write("file", "")), "a file, but a bundle is a folder");
  folder.write("manifest.json", std::string(1'000'000, '['));
  REFUSED(slu::read_bundle(folder.path()), "nested too deep");
  folder.write("manifest.json", "{\"a\": \"\xFF\"}");
  REFUSED(slu::read_bundle(folder.path()), "is not UTF-8");
  folder.write("manifest.json", "[]");
  REFUSED(slu::read_bundle(folder.path()), "holds []; it must be an object");
}

int main() { return check::run(); }

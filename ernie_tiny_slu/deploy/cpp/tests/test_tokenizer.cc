// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "error.h"
#include "golden.h"
#include "temporary.h"

using slu::WordPieceTokenizer;

TEST(repeats_the_golden_vectors) {
  const WordPieceTokenizer tokenizer(golden::folder() + "/vocab.txt");
  const auto vectors = golden::lines(golden::folder() + "/tokenizer.jsonl");
  EQUAL(vectors.size() >= 320, true);
  for (const auto& vector : vectors) {
    const std::u32string text = slu::decode(vector.find("text")->string);
    const auto& length = *vector.find("max_length");
    const auto limit =
        length.is(slu::json::Kind::kNull) ? WordPieceTokenizer::kNoLimit : static_cast<std::size_t>(length.integer);
    EQUAL(golden::spelled(tokenizer.encode(text, limit)), golden::spelled(vector));
  }
}

TEST(half_of_a_surrogate_pair_vanishes) {
  const WordPieceTokenizer tokenizer(golden::folder() + "/vocab.txt");
  EQUAL(tokenizer
            .encode(U"a\xD800"
                    U"b")
            .ids.size(),
        tokenizer.encode(U"ab").ids.size());
}

TEST(a_long_text_costs_no_more_than_its_beginning) {
  const WordPieceTokenizer tokenizer(golden::folder() + "/vocab.txt");
  const std::u32string text(10'000'000, U'的');
  EQUAL(tokenizer.encode(text, 16).ids.size(), 16u);
  EQUAL(tokenizer.encode(std::u32string(1'000'000, U'a')).ids.size(), 3u);  // one word, [UNK]
}

TEST(a_vocabulary_without_its_special_tokens_is_refused) {
  const Temporary folder;
  const auto refuse = [&folder](const std::string& vocabulary) { return folder.write("vocab.txt", vocabulary); };
  REFUSED(WordPieceTokenizer(refuse("[PAD]\n[UNK]\n\n[CLS]\n")), "vocab.txt:3: a blank line");
  REFUSED(WordPieceTokenizer(refuse("[UNK]\n[PAD]\n[CLS]\n[SEP]\n")), "[PAD] must be the first token, it is in line 2");
  REFUSED(WordPieceTokenizer(refuse("[UNK]\n")), "it is missing");
  REFUSED(WordPieceTokenizer(refuse("")), "it is missing");
  REFUSED(WordPieceTokenizer(refuse("[PAD]\n[UNK]\n[CLS]")), "vocab.txt:3: ends without a [SEP] token");
  REFUSED(WordPieceTokenizer(refuse("[PAD]\n\xFF\n")), "vocab.txt:2: byte 6 (0xff) is not UTF-8");
  REFUSED(WordPieceTokenizer(folder.path() + "/none.txt"), "none.txt: no such vocabulary");
  const WordPieceTokenizer tokenizer(refuse("\xEF\xBB\xBF[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\na\r\na\r\n"));
  EQUAL(tokenizer.encode(U"a").ids, (std::vector<std::int32_t>{2, 5, 3}));  // the later one of two counts
}

int main() { return check::run(); }

#include "src/core/json_lines.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "src/core/text.h"

namespace octet {
namespace {

class JsonLinesTest : public testing::Test {
 protected:
  Result<std::vector<JsonLine>> read(const std::string& text, bool allow_torn_end = false) {
    EXPECT_TRUE(write_file(path_, text).ok());
    return read_json_lines(path_, allow_torn_end);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  const std::string path_ = testing::TempDir() + "/octet_json_lines_" +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(JsonLinesTest, ObjectsWithTheirLines) {
  const auto lines = read("{\"b\":1,\"a\":2}\r\n\n{\"x\":[1.5]}");
  ASSERT_TRUE(lines.ok()) << lines.status().message();
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[0].line, 1);
  EXPECT_EQ((*lines)[1].line, 3);
  EXPECT_EQ((*lines)[0].object.begin().key(), "b") << "keys keep their order";
  EXPECT_EQ((*lines)[1].object["x"][0], 1.5);
}

TEST_F(JsonLinesTest, AnEmptyFileHasNoLines) {
  EXPECT_TRUE(read("")->empty());
  EXPECT_TRUE(read("\n \n")->empty());
}

TEST_F(JsonLinesTest, WhatIsNoObjectNamesFileAndLine) {
  for (const char* bad : {"[1]", "1", "{\"a\":}", "{\"a\":1", "{} {}", "{\"a\":1e999}", "\xff"}) {
    const auto lines = read("{}\n" + std::string(bad) + "\n{}\n");
    EXPECT_EQ(lines.status().code(), StatusCode::kCorruptData) << bad;
    EXPECT_EQ(lines.status().message(), path_ + ":2: not a JSON object") << bad;
  }
}

TEST_F(JsonLinesTest, ATornEndIsDroppedOnlyWhenAllowed) {
  const std::string journal = "{\"a\":1}\n{\"a\":2";
  EXPECT_EQ(read(journal).status().code(), StatusCode::kCorruptData);
  const auto lines = read(journal, true);
  ASSERT_TRUE(lines.ok()) << lines.status().message();
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_EQ(lines->at(0).object["a"], 1);
  // Without its newline even a whole object may be half of a longer one.
  EXPECT_EQ(read("{\"a\":1}\n{\"a\":2}", true)->size(), 1u);
  EXPECT_EQ(read("{\"a\":1}\n{\"a\":2}\n", true)->size(), 2u);
  EXPECT_EQ(read("{\"a\":1\n{\"a\":2}\n", true).status().code(), StatusCode::kCorruptData)
      << "a torn line in the middle is corruption";
}

TEST_F(JsonLinesTest, AFileThatIsNotThere) {
  EXPECT_EQ(read_json_lines("/nonexistent/x.jsonl").status().code(), StatusCode::kIo);
}

TEST(ParseJson, ErrorsNameTheLine) {
  const auto bad = parse_json("{\n\"a\": 1,\n\"b\": }\n", "t.json");
  EXPECT_EQ(bad.status().code(), StatusCode::kCorruptData);
  EXPECT_TRUE(bad.status().message().starts_with("t.json:3: not JSON: parse error at line 3"))
      << bad.status().message();
  EXPECT_EQ(parse_json("", "t.json").status().code(), StatusCode::kCorruptData);
  const Status large = parse_json("1e999", "t.json").status();
  EXPECT_EQ(large.code(), StatusCode::kCorruptData);
  EXPECT_TRUE(large.message().starts_with("t.json: not JSON: number overflow")) << large.message();
  EXPECT_EQ(parse_json(" [1, 2] ", "t.json")->size(), 2u);
}

}  // namespace
}  // namespace octet

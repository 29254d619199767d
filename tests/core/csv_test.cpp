#include "src/core/csv.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>

namespace octet {
namespace {

using Fields = std::vector<std::string>;

Csv parse(std::string_view text) {
  auto csv = parse_csv(text, "t.csv");
  EXPECT_TRUE(csv.ok()) << csv.status().message();
  return csv.ok() ? std::move(csv).value() : Csv{};
}

/// The message of a refusal, which must be kCorruptData.
std::string refusal(std::string_view text) {
  const auto csv = parse_csv(text, "t.csv");
  EXPECT_FALSE(csv.ok());
  EXPECT_EQ(csv.status().code(), StatusCode::kCorruptData);
  return csv.status().message();
}

TEST(Csv, HeaderRowsAndLines) {
  const Csv csv = parse("a,b\n1,2\n\n3,4");
  EXPECT_EQ(csv.header, (Fields{"a", "b"}));
  ASSERT_EQ(csv.rows.size(), 2u);
  EXPECT_EQ(csv.rows[0].fields, (Fields{"1", "2"}));
  EXPECT_EQ(csv.rows[1].fields, (Fields{"3", "4"}));
  EXPECT_EQ(csv.at(csv.rows[0]), "t.csv:2");
  EXPECT_EQ(csv.at(csv.rows[1]), "t.csv:4");
  EXPECT_EQ(csv.column("b"), 1);
  EXPECT_EQ(csv.column("B"), -1);
}

TEST(Csv, CrlfAndByteOrderMark) {
  const Csv csv = parse(
      "\xef\xbb\xbf"
      "a,b\r\n1,2\r\n\r\n3,\r\n");
  EXPECT_EQ(csv.header, (Fields{"a", "b"}));
  ASSERT_EQ(csv.rows.size(), 2u);
  EXPECT_EQ(csv.rows[0].fields, (Fields{"1", "2"}));
  EXPECT_EQ(csv.rows[1].fields, (Fields{"3", ""}));
}

TEST(Csv, QuotedFields) {
  const Csv csv = parse("a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\r\nend,\"\"\n");
  ASSERT_EQ(csv.rows.size(), 2u);
  EXPECT_EQ(csv.rows[0].fields, (Fields{"x,\"y\"", "two\nlines"}));
  EXPECT_EQ(csv.rows[1].fields, (Fields{"end", ""}));
  EXPECT_EQ(csv.rows[1].line, 4) << "the line break inside the quotes counts";
}

TEST(Csv, RefusalsNameFileAndLine) {
  EXPECT_EQ(refusal(""), "t.csv:1: empty: no header line");
  EXPECT_EQ(refusal(" \r\n\n"), "t.csv:1: empty: no header line");
  EXPECT_EQ(refusal("\xef\xbb\xbf"), "t.csv:1: empty: no header line");
  EXPECT_EQ(refusal("a,b\n1,2\n3\n"), "t.csv:3: 1 fields, the header has 2");
  EXPECT_EQ(refusal("a,b\n1,2,3\n"), "t.csv:2: 3 fields, the header has 2");
  EXPECT_EQ(refusal("a,,c\n"), "t.csv:1: column 2 has no name");
  EXPECT_EQ(refusal("a,b,a\n"), "t.csv:1: column 'a' occurs twice");
  EXPECT_EQ(refusal("a,b\n1,\"x\n"), "t.csv:2: a quote is opened and never closed");
  EXPECT_EQ(refusal("a,b\n1,\"x\"y\n"), "t.csv:2: text follows a closing quote");
  EXPECT_EQ(refusal(std::string_view("a,b\n1,2\n3,\0\n", 12)),
            "t.csv:3: a NUL byte: not a text file");
}

TEST(Csv, ConflictMarkers) {
  const std::string said = "a conflict marker of a merge was left in";
  EXPECT_EQ(refusal("<<<<<<< HEAD\na,b\n"), "t.csv:1: " + said);
  EXPECT_EQ(refusal("a,b\n<<<<<<< HEAD\n1,2\n"), "t.csv:2: " + said);
  EXPECT_EQ(refusal("a,b\n1,2\n=======\n1,2\n"), "t.csv:3: " + said);
  EXPECT_EQ(refusal("a,b\n1,2\n>>>>>>> branch, of x\n"), "t.csv:3: " + said);
}

TEST(Csv, AFileOverTheLimit) {
  // Why calloc: the pages are never touched, for the size is checked first.
  const size_t bytes = static_cast<size_t>(kMaxCsvBytes) + 1;
  const std::unique_ptr<char, void (*)(void*)> text(static_cast<char*>(std::calloc(bytes, 1)),
                                                    std::free);
  ASSERT_NE(text, nullptr);
  EXPECT_EQ(refusal(std::string_view(text.get(), bytes)),
            "t.csv: 268435457 bytes, the limit is 268435456");
}

TEST(Csv, ReadErrors) {
  EXPECT_EQ(read_csv("/nonexistent/t.csv").status().code(), StatusCode::kIo);
  EXPECT_EQ(read_csv("/").status().code(), StatusCode::kIo) << "a folder";
  EXPECT_EQ(read_csv("/dev/null").status().code(), StatusCode::kCorruptData) << "empty";
}

TEST(Csv, LinesGoBothWays) {
  const Fields fields{"plain", "a,b", "say \"x\"", "two\nlines", "", "\r"};
  EXPECT_EQ(csv_line(Fields{"a", "b,c", "d\"e", ""}), "a,\"b,c\",\"d\"\"e\",");
  EXPECT_EQ(csv_line(Fields{"", "x"}), ",x");
  const Csv csv = parse("a,b,c,d,e,f\n" + csv_line(fields) + "\n");
  ASSERT_EQ(csv.rows.size(), 1u);
  EXPECT_EQ(csv.rows[0].fields, fields);
}

}  // namespace
}  // namespace octet

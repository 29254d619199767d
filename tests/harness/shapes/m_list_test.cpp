#include "src/harness/shapes/m_list.h"

#include <gtest/gtest.h>

#include <string>

#include "src/core/csv.h"
#include "src/core/text.h"

namespace octet::harness {
namespace {

using Sizes = std::vector<int64_t>;

Sizes list(const char* text) {
  const auto result = m_list(text);
  EXPECT_TRUE(result.ok()) << text << ": " << result.status().message();
  return result.ok() ? *result : Sizes{};
}

std::string error(const std::string& text) {
  const auto result = m_list(text);
  EXPECT_FALSE(result.ok()) << text;
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument) << text;
  return result.status().message();
}

/// The column m of a checked-in list; rows of one phase if given.
Sizes column_m(const char* file, const std::string& phase = "") {
  const auto csv = read_csv(std::string(OCTET_SOURCE_DIR) + "/data/shapes/" + file);
  EXPECT_TRUE(csv.ok()) << csv.status().message();
  Sizes sizes;
  for (const CsvRow& row : csv->rows) {
    if (!phase.empty() && row.fields[static_cast<size_t>(csv->column("phase"))] != phase) continue;
    sizes.push_back(*parse_int(row.fields[static_cast<size_t>(csv->column("m"))]));
  }
  return sizes;
}

TEST(MList, NamedListsEqualTheCheckedInOnes) {
  EXPECT_EQ(list("decode"), (Sizes{1, 2, 4, 8, 16, 32, 64}));
  EXPECT_EQ(list("grid"), column_m("m_grid.csv"));
  EXPECT_EQ(list("grid").size(), 681u);
  EXPECT_EQ(list("serving"), column_m("m_serving.csv"));
  EXPECT_EQ(list("serving").size(), 22u);
  EXPECT_EQ(list("mid"), column_m("m_serving.csv", "mid"));
  EXPECT_EQ(list("prefill"), column_m("m_serving.csv", "prefill"));
}

TEST(MList, NumbersAndRanges) {
  EXPECT_EQ(list("7"), (Sizes{7}));
  EXPECT_EQ(list("1,2,4"), (Sizes{1, 2, 4}));
  EXPECT_EQ(list(" 4 , 1 "), (Sizes{4, 1}));
  EXPECT_EQ(list("1:64:x2"), (Sizes{1, 2, 4, 8, 16, 32, 64}));
  EXPECT_EQ(list("1:100:x10"), (Sizes{1, 10, 100}));
  EXPECT_EQ(list("3:20:x2"), (Sizes{3, 6, 12}));
  EXPECT_EQ(list("16:64:16"), (Sizes{16, 32, 48, 64}));
  EXPECT_EQ(list("5:5:1"), (Sizes{5}));
  EXPECT_EQ(list("2147483647"), (Sizes{2147483647}));
}

TEST(MList, MixesWordsAndDropsRepeats) {
  EXPECT_EQ(list("64,decode,128,128"), (Sizes{64, 1, 2, 4, 8, 16, 32, 128}));
}

TEST(MList, ErrorsQuoteTheWord) {
  EXPECT_NE(error("decod").find("did you mean 'decode'"), std::string::npos);
  EXPECT_NE(error("").find("empty"), std::string::npos);
  EXPECT_NE(error("1,,2").find("empty"), std::string::npos);
  EXPECT_NE(error("1,2x").find("'2x'"), std::string::npos);
  EXPECT_NE(error("0").find("0 is not in 1 to 2147483647"), std::string::npos);
  EXPECT_NE(error("-4").find("-4 is not in"), std::string::npos);
  EXPECT_NE(error("1.5").find("'1.5' is not a whole number"), std::string::npos);
  EXPECT_NE(error("2147483648").find("2147483648 is not in"), std::string::npos);
  EXPECT_NE(error("99999999999999999999").find("is not a whole number"), std::string::npos);
  EXPECT_NE(error("1:64").find("first:last:xFACTOR"), std::string::npos);
  EXPECT_NE(error("1:2:3:4").find("first:last:xFACTOR"), std::string::npos);
  EXPECT_NE(error("64:1:x2").find("above the last"), std::string::npos);
  EXPECT_NE(error("1:64:x1").find("factor of 1"), std::string::npos);
  EXPECT_NE(error("1:64:x").find("'' is not a whole number"), std::string::npos);
  EXPECT_NE(error("1:64:0").find("0 is not in"), std::string::npos);
  EXPECT_NE(error("1:2147483647:1").find("more than 100000 sizes"), std::string::npos);
  EXPECT_NE(error("1:90000:1,100001:190000:1").find("more than 100000 sizes"), std::string::npos);
}

}  // namespace
}  // namespace octet::harness

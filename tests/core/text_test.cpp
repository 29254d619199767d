#include "src/core/text.h"

#include <gtest/gtest.h>

namespace octet {
namespace {

using Words = std::vector<std::string>;

TEST(Text, SplitTrimJoin) {
  EXPECT_EQ(split("a,b,,c", ','), (Words{"a", "b", "", "c"}));
  EXPECT_EQ(split("", ','), Words{""});
  EXPECT_EQ(split("a,", ','), (Words{"a", ""}));
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \r\n"), "");
  EXPECT_EQ(join(Words{"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join(Words{}, ", "), "");
}

TEST(Text, ParseInt) {
  EXPECT_EQ(parse_int("-12").value(), -12);
  EXPECT_EQ(parse_int("9223372036854775807").value(), INT64_MAX);
  for (const char* text : {"", " 1", "1 ", "+1", "1.0", "0x10", "9223372036854775808", "one"}) {
    const auto number = parse_int(text);
    EXPECT_EQ(number.status().code(), StatusCode::kInvalidArgument) << text;
    EXPECT_NE(number.status().message().find("'" + std::string(text) + "'"), std::string::npos);
  }
}

TEST(Text, NumbersBeyond64BitsAreToldFromWords) {
  const auto message = [](const auto& number) { return number.status().message(); };
  EXPECT_EQ(message(parse_int("9223372036854775808")),
            "'9223372036854775808' does not fit a whole number of 64 bits");
  EXPECT_EQ(message(parse_int("-9223372036854775809")),
            "'-9223372036854775809' does not fit a whole number of 64 bits");
  EXPECT_EQ(message(parse_double("1e999")), "'1e999' does not fit a number of 64 bits");
  EXPECT_EQ(message(parse_int("9223372036854775808x")),
            "'9223372036854775808x' is not a whole number");
}

TEST(Text, ParseDouble) {
  EXPECT_EQ(parse_double("16.1284").value(), 16.1284);
  EXPECT_EQ(parse_double("-1e-3").value(), -0.001);
  for (const char* text : {"", "1,5", "1.5us", "--1", "1e999", " 1"}) {
    EXPECT_EQ(parse_double(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(Text, DidYouMean) {
  const Words words{"gemm_blockscale", "gemm_mxfp8", "quantize"};
  EXPECT_EQ(nearest_word("gemm_blokscale", words), "gemm_blockscale");
  EXPECT_EQ(nearest_word("quantise", words), "quantize");
  EXPECT_EQ(nearest_word("attention", words), "");
  EXPECT_EQ(did_you_mean("quantise", words), " (did you mean 'quantize'?)");
  EXPECT_EQ(did_you_mean("x", Words{}), "");
}

TEST(Text, MixDependsOnOrder) {
  EXPECT_NE(mix(mix(0, 1), 2), mix(mix(0, 2), 1));
  EXPECT_NE(hash_bytes("ab"), hash_bytes("ba"));
  EXPECT_NE(hash_bytes(""), hash_bytes(std::string_view("\0", 1)));
  EXPECT_EQ(hash_bytes("abc"), hash_bytes("abc"));
}

TEST(Text, UtcNowHasIsoForm) {
  const std::string now = utc_now();
  ASSERT_EQ(now.size(), 20u);
  EXPECT_EQ(now.substr(0, 2), "20");
  EXPECT_EQ(now[10], 'T');
  EXPECT_EQ(now[19], 'Z');
}

}  // namespace
}  // namespace octet

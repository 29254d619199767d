// octet info --matrix, and that the README's table is what it prints.
#include <gtest/gtest.h>

#include <map>

#include "octet/device.h"
#include "src/ops/registry.h"
#include "tools/octet_process.h"

namespace octet {
namespace {

using testing_process::octet;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> found;
  for (const std::string& cell : split(line, '|')) found.emplace_back(trim(cell));
  return found;
}

/// The lines of the table that begins with the header of `octet info --matrix`.
std::vector<std::string> table_in(const std::string& text) {
  std::vector<std::string> lines;
  for (const std::string& line : split(text, '\n')) {
    const bool begins = line.starts_with("| arch | `");
    if (begins || (!lines.empty() && line.starts_with("|"))) lines.push_back(line);
    if (!lines.empty() && !line.starts_with("|")) break;
  }
  return lines;
}

TEST(InfoMatrix, CountsTheRegistrysVariantsAndSaysHowTheyWereVerified) {
  const Json matrix = octet({"info", "--matrix", "--json"}).json();
  for (const select::Op* op : ops::all()) {
    std::map<std::string, std::pair<int, int>> counts;
    for (const select::Variant& variant : op->variants()) {
      auto& [built, known] = counts[std::string(arch_name(variant.arch))];
      built += variant.built;
      ++known;
    }
    const Json& row = matrix[std::string(op->name())];
    EXPECT_EQ(row.size(), counts.size()) << op->name();
    for (const auto& [arch, count] : counts) {
      EXPECT_EQ(row[arch]["built"], count.first) << op->name() << " " << arch;
      EXPECT_EQ(row[arch]["known"], count.second) << op->name() << " " << arch;
      const auto verified = row[arch]["verified_by"].get<std::string>();
      if (count.first == 0) {
        EXPECT_EQ(verified, "no code in this build");
        continue;
      }
      EXPECT_EQ(verified.ends_with("never run on hardware"), arch.starts_with("gfx")) << verified;
      EXPECT_TRUE(verified.starts_with("reference check")) << verified;
    }
  }
}

TEST(InfoMatrix, TheReadmesTableIsThatOfAFullBuild) {
  const auto printed = table_in(octet({"info", "--matrix"}).out);
  const auto readme = table_in(read_file(OCTET_SOURCE_DIR "/README.md").value());
  ASSERT_EQ(printed.size(), 2u + kNumArches);
  ASSERT_EQ(readme.size(), printed.size());
  EXPECT_EQ(readme[0], printed[0]);
  EXPECT_EQ(readme[1], printed[1]);
  for (size_t i = 2; i < printed.size(); ++i) {
    const auto here = cells(printed[i]), there = cells(readme[i]);
    ASSERT_EQ(here.size(), there.size()) << readme[i];
    for (size_t column = 0; column < here.size(); ++column) {
      // "0 of 62 built" here may be "62" there: this build need not have every target.
      const size_t of = here[column].find(" of "), built = here[column].find(" built");
      const bool part = of != std::string::npos && built != std::string::npos;
      const std::string full = part ? here[column].substr(of + 4, built - of - 4) : here[column];
      const bool verified = column + 2 == here.size() && here[column] == "no code in this build";
      EXPECT_TRUE(verified || there[column] == full || there[column] == here[column])
          << readme[i] << "\nhere: " << printed[i];
    }
  }
}

}  // namespace
}  // namespace octet

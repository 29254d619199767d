// Matrix instructions against data/amd/matrix_layouts.csv, which the vendor's description gave: a
// one in one place of each operand must meet where the table says, and nowhere else.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <sstream>

#include "src/core/csv.h"
#include "src/core/text.h"
#include "tests/amdgcn/error.h"
#include "tests/amdgcn/instruction_bench.h"
#include "tests/amdgcn/test_support.h"

namespace octet::amdgcn {
namespace {

struct Place {
  int row = 0, column = 0;
  bool operator==(const Place&) const = default;
};
struct Held {  // by one lane
  int lane = 0;
  std::vector<Place> places;  // of a, b, d
  std::vector<int> threads;   // of scales
};
struct Layout {
  std::map<std::string, std::vector<Held>> operands;
};

int number(std::string_view text) { return static_cast<int>(parse_int(text).value()); }

std::map<std::string, Layout> read_layouts() {
  std::map<std::string, Layout> layouts;
  const Csv csv = read_csv(OCTET_SOURCE_DIR "/data/amd/matrix_layouts.csv").value();
  for (const CsvRow& row : csv.rows) {
    Held held;
    held.lane = number(row.fields[2]);
    std::istringstream words(row.fields[3]);
    for (std::string word; words >> word;) {
      const size_t colon = word.find(':');
      if (colon == word.npos) {
        held.threads.push_back(number(word));
      } else {
        held.places.push_back({number(word.substr(0, colon)), number(word.substr(colon + 1))});
      }
    }
    layouts[row.fields[0]].operands[row.fields[1]].push_back(held);
  }
  return layouts;
}

/// How one instruction is issued: a in v0, b in v32, d in v64.
struct Issue {
  int size = 0, elements = 0, bits = 0;  // elements of a lane
  uint32_t one[2] = {};                  // the code of 1 of a and b
  bool gfx950 = false;
  std::string text;
  int words() const { return elements * bits / 32; }
  int results() const { return size * size / 64; }
};

uint32_t one_of(std::string_view format, bool gfx950) {
  if (format == "fp8") return gfx950 ? 0x38 : 0x40;
  if (format == "bf8") return gfx950 ? 0x3c : 0x40;
  if (format == "f16") return 0x3c00;
  if (format == "bf16") return 0x3f80;
  if (format == "i8") return 1;
  if (format == "f32") return 0x3f800000;
  return 0x2;  // fp4
}

Issue issue_of(const std::string& name, const Layout& layout) {
  Issue issue;
  issue.elements = static_cast<int>(layout.operands.at("a")[0].places.size());
  const std::string base = name.substr(0, name.find(' '));
  issue.size = name.find("_32x32x") != name.npos ? 32 : 16;
  std::string last = base.substr(base.rfind('_') + 1), before = base.substr(0, base.rfind('_'));
  before = before.substr(before.rfind('_') + 1);
  issue.gfx950 = last == "f8f6f4" || !layout.operands.contains("d");
  const bool four = name.find("cbsz:4") != name.npos;
  if (last == "f8f6f4") last = four ? "fp4" : "fp8";
  const bool pair = before == "fp8" || before == "bf8";
  issue.one[0] = one_of(pair ? before : last, issue.gfx950);
  issue.one[1] = one_of(last, issue.gfx950);
  issue.bits = four ? 4 : last == "f32" ? 32 : last.ends_with("16") ? 16 : 8;
  const auto range = [](int first, int count) {
    return count == 1 ? fmt::format("v{}", first)
                      : fmt::format("v[{}:{}]", first, first + count - 1);
  };
  issue.text =
      fmt::format("{} {}, {}, {}, 0{}", base, range(64, issue.results()), range(0, issue.words()),
                  range(32, issue.words()), four ? " cbsz:4 blgp:4" : "");
  return issue;
}

void set_all(InstructionBench& bench, const Issue& issue, int first, uint32_t code) {
  uint32_t word = code;
  for (int bits = issue.bits; bits < 32; bits *= 2) word |= word << bits;
  for (int n = 0; n < issue.words(); ++n) bench.set_v(first + n, word);
}
/// Only element `element` of `lane` is `code`.
void set_one(InstructionBench& bench, const Issue& issue, int first, int lane, int element,
             uint32_t code) {
  set_all(bench, issue, first, 0);
  const int per_word = 32 / issue.bits;
  bench.wave().vgpr[first + element / per_word][lane] = code << (element % per_word * issue.bits);
}

struct Found {
  int lane = -1, result = -1, count = 0;
};
Found find_nonzero(const InstructionBench& bench, const Issue& issue) {
  Found found;
  for (int r = 0; r < issue.results(); ++r) {
    for (int l = 0; l < kLanes; ++l) {
      if (bench.v(64 + r, l) != 0) found = {l, r, found.count + 1};
    }
  }
  return found;
}

/// Whether result (lane, register) is the place (row, column), as far as the table has samples.
bool agrees(const std::vector<Held>& results, const Found& found, Place place) {
  for (const Held& held : results) {
    const bool here = held.lane == found.lane;
    const auto at = std::find(held.places.begin(), held.places.end(), place);
    if (here && held.places.at(static_cast<size_t>(found.result)) != place) return false;
    if (!here && at != held.places.end()) return false;
  }
  return true;
}

void check_pair(InstructionBench& bench, const Issue& issue, const std::vector<Held>& results,
                const Held& a, size_t i, const Held& b, size_t j) {
  const bool meet = a.places[i].column == b.places[j].row;
  if (!meet && (i + j) % 5 != 0) return;
  set_one(bench, issue, 0, a.lane, static_cast<int>(i), issue.one[0]);
  set_one(bench, issue, 32, b.lane, static_cast<int>(j), issue.one[1]);
  bench.run(issue.text);
  const Found found = find_nonzero(bench, issue);
  ASSERT_EQ(found.count, meet ? 1 : 0) << issue.text << " a lane " << a.lane << " element " << i
                                       << ", b lane " << b.lane << " element " << j;
  if (meet) {
    EXPECT_TRUE(agrees(results, found, {a.places[i].row, b.places[j].column}))
        << issue.text << " result in lane " << found.lane << " register " << found.result;
  }
}

TEST(Mfma, OperandsLieWhereTheVendorSays) {
  const auto layouts = read_layouts();
  int checked = 0;
  for (const auto& [name, layout] : layouts) {
    if (name.find("_scale_") != name.npos) continue;
    const Issue issue = issue_of(name, layout);
    const Layout& with_results = layouts.at(issue.size == 16 ? "v_mfma_f32_16x16x32_fp8_fp8"
                                                             : "v_mfma_f32_32x32x16_fp8_fp8");
    InstructionBench bench(issue.gfx950);
    for (const Held& a : layout.operands.at("a")) {
      for (const Held& b : layout.operands.at("b")) {
        for (size_t i = 0; i < a.places.size(); ++i) {
          for (size_t j = 0; j < b.places.size(); ++j) {
            ASSERT_NO_FATAL_FAILURE(
                check_pair(bench, issue, with_results.operands.at("d"), a, i, b, j));
          }
        }
      }
    }
    ++checked;
  }
  EXPECT_EQ(checked, 13 + 4 + 6);
}

TEST(Mfma, ResultsLieAlikeForEveryInstructionOfASize) {
  const auto layouts = read_layouts();
  for (const auto& [name, layout] : layouts) {
    if (!layout.operands.contains("d")) continue;
    const auto& first =
        layouts.at(name.find("_32x32x") == name.npos ? "v_mfma_f32_16x16x32_fp8_fp8"
                                                     : "v_mfma_f32_32x32x16_fp8_fp8");
    for (size_t n = 0; n < layout.operands.at("d").size(); ++n) {
      EXPECT_EQ(layout.operands.at("d")[n].places, first.operands.at("d")[n].places) << name;
    }
  }
}

/// The lane whose scale doubles a product is the one that the vendor's probe of the hardware found.
TEST(Mfma, ScalesComeFromTheLaneThatTheVendorFound) {
  const auto layouts = read_layouts();
  for (const char* size : {"16x16x128", "32x32x64"}) {
    const std::string plain = fmt::format("v_mfma_f32_{}_f8f6f4", size);
    const std::string scaled = fmt::format("v_mfma_scale_f32_{}_f8f6f4", size);
    const Issue issue = issue_of(plain, layouts.at(plain));
    const std::string text =
        scaled + issue.text.substr(plain.size()) + ", v100, v101 op_sel_hi:[0,0,0]";
    for (const bool of_a : {true, false}) {
      for (const Held& held : layouts.at(scaled).operands.at(of_a ? "a_scale" : "b_scale")) {
        for (size_t element = 0; element < held.threads.size(); ++element) {
          for (const int lane : {held.threads[element], held.lane, (held.lane + 16) % 64, 63}) {
            InstructionBench bench(true);
            set_one(bench, issue, of_a ? 0 : 32, held.lane, static_cast<int>(element),
                    issue.one[0]);
            set_all(bench, issue, of_a ? 32 : 0, issue.one[0]);
            bench.set_v(100, 127), bench.set_v(101, 127);
            bench.wave().vgpr[of_a ? 100 : 101][lane] = 128;
            bench.run(text);
            const Found found = find_nonzero(bench, issue);
            const float value = std::bit_cast<float>(bench.v(64 + found.result, found.lane));
            EXPECT_EQ(value, lane == held.threads[element] ? 2.0f : 1.0f)
                << scaled << " lane " << held.lane << " byte " << element << " scale of " << lane;
          }
        }
      }
    }
  }
}

TEST(Mfma, ScaleBytesAreSelected) {
  for (uint32_t select = 0; select < 4; ++select) {
    InstructionBench bench(true);
    for (int n = 0; n < 8; ++n) bench.set_v(n, 0x38383838), bench.set_v(8 + n, 0x38383838);
    bench.set_v(100, 0x81807f7e), bench.set_v(101, 0x7f7f7f7f);  // 1/2, 1, 2, 4
    bench.run(
        fmt::format("v_mfma_scale_f32_16x16x128_f8f6f4 v[64:67], v[0:7], v[8:15], 0, v100, v101 "
                    "op_sel:[{},0,0] op_sel_hi:[{},0,0]",
                    select & 1, select >> 1));
    EXPECT_EQ(std::bit_cast<float>(bench.v(64, 7)), 64.0f * static_cast<float>(1 << select));
  }
}

TEST(Mfma, AddsToTheAddendInAccumulators) {
  InstructionBench bench;
  bench.set_v64(0, 0x4040404040404040), bench.set_v64(2, 0x4040404040404040);
  for (int r = 0; r < 4; ++r) bench.set_v(kFirstAccumulator + r, std::bit_cast<uint32_t>(0.5f));
  bench.run("v_mfma_f32_16x16x32_fp8_fp8 a[0:3], v[0:1], v[2:3], a[0:3]");
  for (int l = 0; l < kLanes; ++l) {
    EXPECT_EQ(std::bit_cast<float>(bench.v(kFirstAccumulator + 3, l)), 32.5f);
  }
}

TEST(Mfma, IntegersWrapIn32Bits) {
  InstructionBench bench;
  bench.set_v64(0, 0x8080808080808080), bench.set_v64(2, 0x8080808080808080);  // -128
  for (int r = 0; r < 4; ++r) bench.set_v(4 + r, 0x7fffffff);
  bench.run("v_mfma_i32_16x16x32_i8 v[8:11], v[0:1], v[2:3], v[4:7]");
  EXPECT_EQ(bench.v(8, 5), 0x7fffffffu + 32 * 128 * 128);
}

TEST(Mfma, NanAndInfinityGoOn) {
  InstructionBench bench(true);
  bench.set_v64(0, 0x7c00), bench.set_v64(2, 0x3c003c003c003c00);  // one infinity in each row
  bench.run("v_mfma_f32_16x16x16_f16 v[8:11], v[0:1], v[2:3], 0");
  EXPECT_EQ(std::bit_cast<float>(bench.v(8, 0)), INFINITY);
  bench.set_v64(2, 0);
  bench.run("v_mfma_f32_16x16x16_f16 v[8:11], v[0:1], v[2:3], 0");
  EXPECT_TRUE(std::isnan(std::bit_cast<float>(bench.v(8, 0))));
}

TEST(Mfma, UndefinedRowsMakeUndefinedResults) {
  InstructionBench bench;
  bench.set_v64(0, 0), bench.set_v64(2, 0), bench.set_v64(40, 0);
  bench.wave().undefined[0] = 1;  // lane 0: row 0
  bench.run("v_mfma_f32_16x16x32_fp8_fp8 v[8:11], v[0:1], v[2:3], 0");
  EXPECT_EQ(bench.wave().undefined[8], 0xffffu);  // register 0 of lanes 0 to 15: row 0
  EXPECT_EQ(bench.wave().undefined[9], 0u);
  EXPECT_ERROR(bench.run("global_store_dword v[40:41], v8, off"), "undefined");
}

TEST(Mfma, RefusesWhatIsNotModelled) {
  InstructionBench bench;
  for (int n = 0; n < 16; ++n) bench.set_v(n, 0);
  EXPECT_ERROR(bench.run("v_mfma_f32_16x16x16_f16 v[8:11], v[0:1], v[2:3], 0 cbsz:1 abid:2"),
               "broadcast");
  EXPECT_ERROR(bench.run("v_mfma_f32_16x16x128_f8f6f4 v[8:11], v[0:7], v[0:7], 0 cbsz:2"),
               "matrix format 2");
  EXPECT_ERROR(bench.run("v_mfma_f32_16x16x16_f16 v[8:11], v[0:3], v[2:3], 0"), "registers");
  EXPECT_ERROR(bench.run("v_mfma_f64_16x16x4_f64 v[8:15], v[0:1], v[2:3], 0"),
               "unknown instruction v_mfma_f64_16x16x4_f64");
}

}  // namespace
}  // namespace octet::amdgcn

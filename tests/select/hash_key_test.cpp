// hash_key over the real shapes: every (n, k) of data/ with every m of the grids, on every device.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include "src/core/text.h"
#include "src/ops/registry.h"
#include "tests/select/toy_op.h"

namespace octet::select {
namespace {

using Pair = std::pair<int64_t, int64_t>;
const std::string kData = OCTET_SOURCE_DIR "/data/";

int column(const Csv& csv, const std::string& lower, const std::string& upper) {
  return std::max(csv.column(lower), csv.column(upper));
}

int64_t field(const CsvRow& row, int column) {
  return parse_int(row.fields[static_cast<size_t>(column)]).value();
}

/// (n, k), and (m, n, k) where a file has m, of every CSV file of the folders.
void collect(const std::string& folder, std::set<Pair>& pairs, std::set<int64_t>& ms) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kData + folder)) {
    if (entry.path().extension() != ".csv") continue;
    const Csv csv = read_csv(entry.path()).value();
    const int m = column(csv, "m", "M"), n = column(csv, "n", "N"), k = column(csv, "k", "K");
    for (const CsvRow& row : csv.rows) {
      if (m >= 0) ms.insert(field(row, m));
      if (n >= 0 && k >= 0) pairs.emplace(field(row, n), field(row, k));
    }
  }
}

struct Shapes {
  std::set<Pair> pairs;
  std::set<int64_t> ms{0, 1, 2, 3, 4, 8};

  Shapes() {
    collect("shapes", pairs, ms);
    collect("aiter", pairs, ms);
  }
};

const Shapes& shapes() {
  static const Shapes instance;
  return instance;
}

const std::vector<std::pair<Arch, int>>& devices() {
  static const std::vector<std::pair<Arch, int>> list{
      {Arch::kGfx942, 304}, {Arch::kGfx942, 80}, {Arch::kGfx950, 256},  {Arch::kSm90, 132},
      {Arch::kSm90, 78},    {Arch::kX86Amx, 2},  {Arch::kX86Avx512, 64}};
  return list;
}

uint64_t hash(Arch arch, int cu_num, int64_t m, int64_t n, int64_t k, uint32_t format = 0) {
  return hash_key(toy::kSchema, arch, cu_num, toy::problem(m, n, k, format));
}

void expect_distinct(std::vector<uint64_t>& hashes) {
  std::sort(hashes.begin(), hashes.end());
  EXPECT_EQ(std::adjacent_find(hashes.begin(), hashes.end()), hashes.end());
}

TEST(HashKey, NoCollisionOnTheRealShapes) {
  EXPECT_GE(shapes().pairs.size(), 200u);
  EXPECT_GE(shapes().ms.size(), 681u);
  std::vector<uint64_t> hashes;
  for (const auto& [arch, cu_num] : devices()) {
    for (const auto& [n, k] : shapes().pairs) {
      for (const int64_t m : shapes().ms) hashes.push_back(hash(arch, cu_num, m, n, k));
    }
  }
  EXPECT_GE(hashes.size(), 900000u);
  expect_distinct(hashes);
}

TEST(HashKey, NoCollisionAmongThePermutationsOfTheFields) {
  std::set<std::array<int64_t, 3>> keys;
  for (const auto& [n, k] : shapes().pairs) {
    for (const int64_t m : {1, 16, 64, 128, 1024, 4096, 5120, 8192}) {
      std::array<int64_t, 3> key{m, n, k};
      std::sort(key.begin(), key.end());
      do keys.insert(key);
      while (std::next_permutation(key.begin(), key.end()));
    }
  }
  std::vector<uint64_t> hashes;
  for (const auto& [arch, cu_num] : devices()) {
    for (const auto& key : keys) {
      hashes.push_back(hash(arch, cu_num, key[0], key[1], key[2]));
      hashes.push_back(hash(arch, cu_num, key[0], key[1], key[2], 1));
    }
  }
  expect_distinct(hashes);
}

TEST(HashKey, EveryFieldAndItsPlaceCounts) {
  const uint64_t base = hash(Arch::kGfx942, 304, 64, 128, 256);
  EXPECT_EQ(base, hash(Arch::kGfx942, 304, 64, 128, 256));
  EXPECT_NE(base, hash(Arch::kGfx942, 304, 128, 64, 256));
  EXPECT_NE(base, hash(Arch::kGfx942, 304, 64, 256, 128));
  EXPECT_NE(base, hash(Arch::kGfx942, 304, 256, 128, 64));
  EXPECT_NE(base, hash(Arch::kGfx942, 80, 64, 128, 256));
  EXPECT_NE(base, hash(Arch::kGfx950, 304, 64, 128, 256));
  EXPECT_NE(base, hash(Arch::kGfx942, 304, 64, 128, 256, 1));
  EXPECT_NE(base, hash_key(*ops::gemm_blockscale::op().schema, Arch::kGfx942, 304,
                           toy::problem(64, 128, 256)));
}

TEST(HashKey, LowBitsSpreadEvenly) {
  // The table masks low bits; a chain of length 8 would need 8 keys in one of 64 k buckets.
  std::map<uint64_t, int> buckets;
  int keys = 0;
  for (const auto& [n, k] : shapes().pairs) {
    for (const int64_t m : {16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192}) {
      ++buckets[hash(Arch::kGfx942, 304, m, n, k) & 0xffff];
      ++keys;
    }
  }
  int worst = 0;
  for (const auto& [bucket, count] : buckets) worst = std::max(worst, count);
  EXPECT_LE(worst, 7) << keys << " keys in 65536 buckets";
}

/// The tuned tables that are shipped, and AITER's of gemms, as keys: every (arch, cu_num, op or
/// kind, format or types, fields).
struct Key {
  const Op* op;
  Arch arch;
  int cu_num;
  Problem problem;  // as it is looked up
  Problem row;      // as a table has it: another one where the op has buckets

  auto tied() const { return std::tie(op, arch, cu_num, problem.format, problem.field); }
  friend bool operator<(const Key& a, const Key& b) { return a.tied() < b.tied(); }
};

std::vector<Key> real_keys() {
  std::set<Key> keys;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kData + "tuned")) {
    if (entry.path().extension() != ".csv") continue;
    const Csv csv = read_csv(entry.path()).value();
    const Op* op = ops::op_of_table(csv).value();
    const TunedTable table = parse_tuned_table(*op, csv).value();
    for (const TunedRow& row : table.rows) {
      keys.insert({op, row.arch, row.cu_num, bucketed(row.problem), row.problem});
    }
  }
  for (const auto& entry : std::filesystem::directory_iterator(kData + "aiter")) {
    if (entry.path().extension() != ".csv") continue;
    const Csv csv = read_csv(entry.path()).value();
    const int m = column(csv, "m", "M"), n = column(csv, "n", "N"), k = column(csv, "k", "K");
    const int cu_num = csv.column("cu_num");
    if (m < 0 || n < 0 || k < 0 || cu_num < 0) continue;
    for (const CsvRow& row : csv.rows) {
      const auto cus = static_cast<int>(field(row, cu_num));
      const Problem problem = toy::problem(field(row, m), field(row, n), field(row, k));
      keys.insert({&toy::op(), cus == 256 ? Arch::kGfx950 : Arch::kGfx942, cus, problem, problem});
    }
  }
  return {keys.begin(), keys.end()};
}

/// The hash that AITER had: its fields are xored, each hashed to itself.
uint64_t xor_hash(const Key& key) {
  uint64_t hash = static_cast<uint64_t>(key.arch) ^ static_cast<uint64_t>(key.cu_num);
  for (const int64_t value : key.problem.field) hash ^= static_cast<uint64_t>(value);
  return hash;
}

TEST(HashKey, EveryRealKeyHasAHashOfItsOwnAndXorHasNot) {
  const std::vector<Key> keys = real_keys();
  EXPECT_GE(keys.size(), 10000u);
  std::vector<uint64_t> hashes;
  std::set<uint64_t> xored;
  for (const Key& key : keys) {
    hashes.push_back(hash_key(*key.op->schema, key.arch, key.cu_num, key.problem));
    xored.insert(xor_hash(key));
  }
  EXPECT_LT(xored.size(), keys.size() / 2);
  expect_distinct(hashes);
}

TEST(HashKey, EveryRealKeyHasABucketOfItsOwnInTheTablesThatHoldThemAll) {
  const std::vector<Key> keys = real_keys();
  std::map<const Op*, TunedTable> layers;
  for (const Key& key : keys) {
    TunedTable& layer = layers.try_emplace(key.op, TunedTable{key.op, {}, {}}).first->second;
    layer.rows.push_back({key.arch, key.cu_num, key.row, 0, 1, "test"});
  }
  TunedTables tables;
  for (const auto& [op, layer] : layers) tables.add(layer);
  EXPECT_EQ(tables.size(), static_cast<int64_t>(keys.size()));
  std::set<size_t> buckets, xored;
  for (const Key& key : keys) {
    EXPECT_EQ(tables.find(*key.op, key.arch, key.cu_num, key.problem).variant, 0);
    buckets.insert(tables.bucket_of(*key.op, key.arch, key.cu_num, key.problem));
    xored.insert(xor_hash(key) % tables.num_buckets());
  }
  EXPECT_EQ(buckets.size(), keys.size());
  EXPECT_LT(*buckets.rbegin(), tables.num_buckets());
  EXPECT_LT(xored.size(), keys.size() / 2);
}

/// 160 shapes that models have: both (n, k) and (k, n) of a layer pair, at powers of two of m.
TEST(HashKey, XorLosesAThirdOfAHundredAndSixtyRealShapes) {
  const auto power = [](int64_t value) { return (value & (value - 1)) == 0; };
  std::vector<Pair> pairs;
  for (const auto& [n, k] : shapes().pairs) {
    const bool both = n != k && shapes().pairs.count({k, n}) > 0;
    if (both && power(n) && power(k) && pairs.size() < 10) pairs.emplace_back(n, k);
  }
  ASSERT_EQ(pairs.size(), 10u);
  std::set<uint64_t> ours, xored;
  for (const auto& [n, k] : pairs) {
    for (int64_t m = 1; m <= 32768; m *= 2) {
      const Problem problem = toy::problem(m, n, k);
      ours.insert(hash_key(toy::kSchema, Arch::kGfx942, 304, problem));
      xored.insert(xor_hash({&toy::op(), Arch::kGfx942, 304, problem, problem}));
    }
  }
  EXPECT_EQ(ours.size(), 160u);
  EXPECT_LE(xored.size(), 107u);
}

}  // namespace
}  // namespace octet::select

// The look-up of tuned rows: a perfect hash. Every key has a slot of its own, so a look-up compares
// one key, found or not.
//
// Method     hash and displace (Belazzougui, Botelho, Dietzfelbinger: "Hash, displace, and
//            compress", 2009): keys are grouped by high bits of their hash, and each group, the
//            largest first, takes the first pilot that sends its keys to free slots.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <utility>

#include "src/core/text.h"
#include "src/select/tuned_table.h"

namespace octet::select {

uint64_t hash_key(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem,
                  uint64_t seed) {
  uint64_t hash = mix(reinterpret_cast<uintptr_t>(&schema) ^ seed, static_cast<uint64_t>(arch));
  hash = mix(hash, static_cast<uint64_t>(cu_num) << 32 | problem.format);
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    hash = mix(hash, static_cast<uint64_t>(problem.field[i]));
  }
  return hash;
}

struct TunedTables::Snapshot {
  struct Slot {
    const OpSchema* schema = nullptr;  // null: empty
    Arch arch = Arch::kGeneric;
    int cu_num = 0;
    Problem problem;
    Hit hit;

    auto key() const { return std::tie(schema, arch, cu_num, problem.format, problem.field); }
  };
  struct Group {  // one (op, arch)
    const OpSchema* schema;
    Arch arch;
    std::vector<int> cu_nums;
  };

  std::vector<Slot> slots;       // a power of two, at most half full
  std::vector<uint16_t> pilots;  // a power of two, about half as many as keys
  uint64_t seed = 0;
  std::vector<Group> groups;
  int64_t count = 0;
  int64_t version = 0;

  size_t pilot_of(uint64_t hash) const { return hash >> 32 & (pilots.size() - 1); }
  size_t slot_of(uint64_t hash, uint16_t pilot) const {
    return mix(hash, pilot) & (slots.size() - 1);
  }
  size_t slot_of(const OpSchema& schema, Arch arch, int cu_num, const Problem& problem) const {
    const uint64_t hash = hash_key(schema, arch, cu_num, problem, seed);
    return slot_of(hash, pilots[pilot_of(hash)]);
  }

  const Group* group(const OpSchema& schema, Arch arch) const {
    for (const Group& group : groups) {
      if (group.schema == &schema && group.arch == arch) return &group;
    }
    return nullptr;
  }

  void note_cu_num(const Slot& row) {
    auto* group = const_cast<Group*>(this->group(*row.schema, row.arch));
    if (group == nullptr) group = &groups.emplace_back(Group{row.schema, row.arch, {}});
    auto& values = group->cu_nums;
    const auto at = std::lower_bound(values.begin(), values.end(), row.cu_num);
    if (at == values.end() || *at != row.cu_num) values.insert(at, row.cu_num);
  }

  void build(const std::vector<Slot>& rows);

 private:
  bool place(const std::vector<Slot>& rows);
  bool place_group(const std::vector<Slot>& rows, const std::vector<uint64_t>& hashes,
                   const std::vector<size_t>& members);
};

/// `rows` have distinct keys.
void TunedTables::Snapshot::build(const std::vector<Slot>& rows) {
  count = static_cast<int64_t>(rows.size());
  slots.resize(std::bit_ceil(2 * rows.size() + 2));
  pilots.resize(std::bit_ceil(rows.size() / 2 + 1));
  for (const Slot& row : rows) note_cu_num(row);
  while (!place(rows)) ++seed;  // two keys of one hash: not with another seed
}

bool TunedTables::Snapshot::place(const std::vector<Slot>& rows) {
  std::fill(slots.begin(), slots.end(), Slot());
  std::fill(pilots.begin(), pilots.end(), uint16_t{0});
  std::vector<uint64_t> hashes;
  std::vector<std::vector<size_t>> members(pilots.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const Slot& row = rows[i];
    hashes.push_back(hash_key(*row.schema, row.arch, row.cu_num, row.problem, seed));
    members[pilot_of(hashes[i])].push_back(i);
  }
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  for (const auto& group : members) {
    if (!group.empty() && !place_group(rows, hashes, group)) return false;
  }
  return true;
}

bool TunedTables::Snapshot::place_group(const std::vector<Slot>& rows,
                                        const std::vector<uint64_t>& hashes,
                                        const std::vector<size_t>& members) {
  for (uint16_t pilot = 0; pilot < UINT16_MAX; ++pilot) {
    size_t placed = 0;
    for (; placed < members.size(); ++placed) {
      Slot& slot = slots[slot_of(hashes[members[placed]], pilot)];
      if (slot.schema != nullptr) break;
      slot = rows[members[placed]];
    }
    if (placed == members.size()) {
      pilots[pilot_of(hashes[members[0]])] = pilot;
      return true;
    }
    for (size_t i = 0; i < placed; ++i) slots[slot_of(hashes[members[i]], pilot)] = Slot();
  }
  return false;
}

TunedTables::TunedTables() {
  auto empty = std::make_unique<Snapshot>();
  empty->build({});
  current_.store(empty.get());
  all_.push_back(std::move(empty));
}

TunedTables::~TunedTables() = default;

int64_t TunedTables::add(const TunedTable& layer) {
  using Slot = Snapshot::Slot;
  const std::lock_guard lock(writers_);
  const Snapshot& old = *current_.load();
  std::vector<Slot> rows;
  for (const Slot& slot : old.slots) {
    if (slot.schema != nullptr) rows.push_back(slot);
  }
  TunedTable unique = layer;
  drop_duplicates(unique);
  for (const TunedRow& row : unique.rows) {
    const std::string_view device = *devices_.insert(row.device).first;
    rows.push_back({row.problem.schema,
                    row.arch,
                    row.cu_num,
                    bucketed(row.problem),
                    {row.variant, row.us, device}});
  }
  const size_t all = rows.size();
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Slot& a, const Slot& b) { return a.key() < b.key(); });
  std::vector<Slot> kept;
  for (const Slot& row : rows) {
    const bool again = !kept.empty() && kept.back().key() == row.key();
    if (again) kept.pop_back();  // of an earlier layer
    kept.push_back(row);
  }
  auto next = std::make_unique<Snapshot>();
  next->version = old.version + 1;
  next->build(kept);
  current_.store(next.get(), std::memory_order_release);
  all_.push_back(std::move(next));
  return static_cast<int64_t>(all - kept.size());
}

TunedTables::Hit TunedTables::find(const Op& op, Arch arch, int cu_num,
                                   const Problem& problem) const {
  const Snapshot& now = *current_.load(std::memory_order_acquire);
  const auto& slot = now.slots[now.slot_of(*op.schema, arch, cu_num, problem)];
  const bool same = slot.schema == op.schema && slot.arch == arch && slot.cu_num == cu_num &&
                    slot.problem == problem;
  return same ? slot.hit : Hit();
}

size_t TunedTables::bucket_of(const Op& op, Arch arch, int cu_num, const Problem& problem) const {
  return current_.load(std::memory_order_acquire)->slot_of(*op.schema, arch, cu_num, problem);
}

size_t TunedTables::num_buckets() const {
  return current_.load(std::memory_order_acquire)->slots.size();
}

std::vector<int> TunedTables::cu_nums(const Op& op, Arch arch) const {
  const auto* group = current_.load(std::memory_order_acquire)->group(*op.schema, arch);
  return group == nullptr ? std::vector<int>() : group->cu_nums;
}

int TunedTables::nearest_cu_num(const Op& op, Arch arch, int cu_num) const {
  const auto* group = current_.load(std::memory_order_acquire)->group(*op.schema, arch);
  int nearest = 0;
  if (group == nullptr) return nearest;
  for (const int value : group->cu_nums) {
    if (value == cu_num) continue;
    if (nearest == 0 || std::abs(value - cu_num) < std::abs(nearest - cu_num)) nearest = value;
  }
  return nearest;
}

int64_t TunedTables::size() const { return current_.load(std::memory_order_acquire)->count; }

int64_t TunedTables::version() const { return current_.load(std::memory_order_acquire)->version; }

}  // namespace octet::select

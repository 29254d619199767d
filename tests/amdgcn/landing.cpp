// Memory operations under way: issue, and what happens when they land.
#include <cstring>

#include "tests/amdgcn/error.h"
#include "tests/amdgcn/machine.h"

namespace octet::amdgcn {
namespace {

void write_lane(Wave& w, const Pending& p, int word, int lane) {
  uint32_t& to = w.vgpr[p.first + word][lane];
  const uint32_t value = p.data[word][lane];
  if (p.landing == Landing::kLowHalf) {
    to = (to & 0xffff0000u) | (value & 0xffffu);
  } else if (p.landing == Landing::kHighHalf) {
    to = (to & 0xffffu) | value << 16;
  } else {
    to = value;
  }
}

void land_registers(Wave& w, const Pending& p) {
  for (int word = 0; word < p.words; ++word) {
    for (int l = 0; l < kLanes; ++l) {
      if ((p.lanes >> l & 1) != 0) write_lane(w, p, word, l);
    }
    uint64_t& undefined = w.undefined[p.first + word];
    undefined = (undefined & ~p.lanes) | (p.undefined[static_cast<size_t>(word)] & p.lanes);
    --w.vgpr_pending[p.first + word];
  }
}

void land_scalars(Wave& w, const Pending& p) {
  for (int word = 0; word < p.words; ++word) {
    w.sgpr[p.first + word] = p.data[0][word];
    w.sgpr_undefined[p.first + word] = 0;
    --w.sgpr_pending[p.first + word];
  }
}

}  // namespace

Pending& Machine::issue(Wave& w, Queue& queue, const Instruction& i, Landing landing) {
  if (queue.full()) {
    land(w, queue.at(0));
    queue.pop();
  }
  Pending& entry = queue.push();
  entry.landing = landing;
  entry.issuer = &i;
  entry.lanes = w.exec();
  entry.words = entry.bytes = 0;
  return entry;
}

void Machine::expect(Wave& w, Pending& entry, const Operand& result) {
  entry.first = result.first;
  entry.words = result.count;
  uint8_t* pending = result.kind == OperandKind::kVector ? w.vgpr_pending : w.sgpr_pending;
  for (int r = 0; r < result.count; ++r) ++pending[result.first + r];
}

void Machine::land_store(Pending& p) {
  for (int l = 0; l < kLanes; ++l) {
    if ((p.lanes >> l & 1) == 0) continue;
    for (int word = 0; word * 4 < p.bytes; ++word) {
      const uint64_t address = p.address[0][l] + static_cast<uint64_t>(4 * word);
      const size_t bytes = p.bytes < 4 ? p.bytes : 4;
      if ((p.dropped[static_cast<size_t>(word)] >> l & 1) != 0) continue;
      std::memcpy(memory.at(address, bytes, true), &p.data[word][l], bytes);
    }
  }
}

void Machine::land_lds(const Wave& w, const Pending& p) {
  const uint32_t step = p.bytes < 4 ? p.bytes : 4;
  for (int l = 0; l < kLanes; ++l) {
    if ((p.lanes >> l & 1) == 0) continue;
    for (int part = 0, word = 0; part < p.parts; ++part) {
      for (uint32_t at = 0; at < p.bytes; at += step, ++word) {
        const bool undefined = (p.undefined[static_cast<size_t>(word)] >> l & 1) != 0;
        lds.write(static_cast<uint32_t>(p.address[part][l]) + at, step, p.data[word][l], w.index,
                  undefined);
      }
    }
  }
}

/// LDS may serve a read that was not waited for after the barrier: it counts as one of then, too.
void Machine::carry_lds_reads(Wave& w) {
  for (int n = 0; n < w.lds.size(); ++n) {
    const Pending& p = w.lds.at(n);
    if (p.landing == Landing::kLds || p.landing == Landing::kNothing || p.bytes == 0) continue;
    const uint32_t step = p.bytes < 4 ? p.bytes : 4;
    for (int l = 0; l < kLanes; ++l) {
      if ((p.lanes >> l & 1) == 0) continue;
      for (int part = 0; part < p.parts; ++part) {
        for (uint32_t at = 0; at < p.bytes; at += step) {
          lds.note_read(static_cast<uint32_t>(p.address[part][l]) + at, step, w.index);
        }
      }
    }
  }
}

void Machine::land(Wave& w, Pending& p) {
  try {
    switch (p.landing) {
      case Landing::kNothing:
        break;
      case Landing::kRegisters:
      case Landing::kLowHalf:
      case Landing::kHighHalf:
        return land_registers(w, p);
      case Landing::kScalars:
        return land_scalars(w, p);
      case Landing::kStore:
        --w.stores;
        land_store(p);
        break;
      case Landing::kLds:
        land_lds(w, p);
        break;
    }
    p.landing = Landing::kNothing;
  } catch (const Error& error) {
    fail("{} (issued by '{}' at {:#x})", error.what(), p.issuer->text, p.issuer->address);
  }
}

void Machine::wait(Wave& w, int vector_memory, int lgkm) {
  const auto drain = [&](Queue& queue, int keep) {
    while (queue.size() > keep) {
      land(w, queue.at(0));
      queue.pop();
    }
  };
  drain(w.vector_memory, vector_memory);
  drain(w.lds, lgkm);
  // Why: scalar loads return in any order, so that only a count of zero says that one is there.
  if (lgkm == 0) drain(w.scalar_memory, 0);
}

void Machine::flush_stores(Wave& w) {
  if (w.stores == 0) return;
  for (int n = 0; n < w.vector_memory.size(); ++n) {
    Pending& entry = w.vector_memory.at(n);
    if (entry.landing == Landing::kStore) land(w, entry);
  }
}

void Machine::flush_lds(Wave& w) {
  for (int n = 0; n < w.lds.size(); ++n) {
    Pending& entry = w.lds.at(n);
    if (entry.landing == Landing::kLds) land(w, entry);
  }
}

}  // namespace octet::amdgcn

// Where the tokens of a call go, on a host: every refusal names argument, value and limit.
#include "src/core/try.h"
#include "src/ops/quantize/append_place.h"
#include "src/ops/quantize/append_problem.h"
#include "src/ops/quantize/append_scale.h"

namespace octet::ops::quantize {
namespace {

Status check_cu_seqlens(const AppendTask& t) {
  if (t.cu_seqlens == nullptr) return Status::Ok();
  OCTET_REQUIRE(t.cu_seqlens[0] == 0, "kv_append: cu_seqlens[0] = {}, must be 0", t.cu_seqlens[0]);
  for (int32_t s = 0; s < t.sequences; ++s) {
    OCTET_REQUIRE(t.cu_seqlens[s + 1] >= t.cu_seqlens[s],
                  "kv_append: cu_seqlens[{}] = {}, must be at least cu_seqlens[{}] = {}", s + 1,
                  t.cu_seqlens[s + 1], s, t.cu_seqlens[s]);
  }
  const int32_t last = t.cu_seqlens[t.sequences];
  OCTET_REQUIRE(last <= static_cast<int32_t>(t.tokens),
                "kv_append: cu_seqlens[{}] = {}, must be at most the {} tokens", t.sequences, last,
                t.tokens);
  return Status::Ok();
}

Status refusal(const AppendTask& t, const Found& found, uint32_t token) {
  const auto& [first, second, value] = found.words;
  switch (found.fault) {
    case Fault::kLength:
      return fail(
          StatusCode::kInvalidArgument,
          "kv_append: seqlens[{}] = {}, must be 0 to the {} tokens that a sequence has room "
          "for",
          first, value, t.longest);
    case Fault::kPage:
      return fail(StatusCode::kInvalidArgument,
                  "kv_append: page_table[{}, {}] = {}, must be 0 to {} (k_cache.blocks - 1)", first,
                  second, value, t.blocks - 1);
    default:
      return fail(StatusCode::kInvalidArgument,
                  "kv_append: slots[{}] = {}, must be -1 or 0 to {} (the last of the cache)", token,
                  t.slots[token], static_cast<int64_t>(t.blocks) * t.block_tokens.divisor - 1);
  }
}

Status check_given(const char* name, const AppendSide& side, uint32_t heads) {
  if (has_own_scale(side.form) || side.scale == nullptr) return Status::Ok();
  const uint32_t count = side.form == ScaleForm::kHead ? heads : 1;
  for (uint32_t i = 0; i < count; ++i) {
    OCTET_REQUIRE(side.scale[i] >= kLeastScale && side.scale[i] <= kMostScale,
                  "kv_append: {}.scales.scale[{}] = {}, must be 2^-126 to 2^120", name, i,
                  side.scale[i]);
  }
  return Status::Ok();
}

}  // namespace

Status find_places(const AppendTask& task, Place* places) {
  OCTET_CHECK_OK(check_cu_seqlens(task));
  for (uint32_t token = 0; token < task.tokens; ++token) {
    const Found found = place_of(task, token, Halving{});
    if (found.fault != Fault::kNone) return refusal(task, found, token);
    places[token] = found.place;
  }
  return Status::Ok();
}

Status check_given_scales(const AppendTask& task) {
  OCTET_CHECK_OK(check_given("k_cache", task.sides[0], task.heads.divisor));
  return check_given("v_cache", task.sides[1], task.heads.divisor);
}

}  // namespace octet::ops::quantize

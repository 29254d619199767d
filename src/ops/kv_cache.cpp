#include "src/ops/kv_cache.h"

namespace octet::ops {
namespace {

constexpr int64_t kLeastDim = 16, kMostDim = 512;

Status check_scales(std::string_view op, std::string_view name, const KvScales& s) {
  const bool token = s.block == KvScaleBlock::kTokenHead;
  OCTET_REQUIRE(token || s.shift == nullptr,
                "{}: {}.scales.shift is given, must be null but with "
                "a scale per token and head (kTokenHead)",
                op, name);
  OCTET_REQUIRE(token || s.packed == nullptr,
                "{}: {}.scales.packed is given, must be null but "
                "with a scale per token and head (kTokenHead)",
                op, name);
  OCTET_REQUIRE(s.packed == nullptr || (s.scale == nullptr && s.shift == nullptr),
                "{}: {}.scales.packed is given, so scale and shift must be null", op, name);
  const bool strided = s.block_stride != 0 || s.token_stride != 0 || s.head_stride != 0;
  OCTET_REQUIRE(token || !strided,
                "{}: {}.scales has strides ({}, {}, {}), must be 0 but with a scale per token and "
                "head (kTokenHead)",
                op, name, s.block_stride, s.token_stride, s.head_stride);
  return check_kv_strides(op, name,
                          {{{"scales.block_stride", s.block_stride, 0, true},
                            {"scales.token_stride", s.token_stride, 0, true},
                            {"scales.head_stride", s.head_stride, 0, true}}});
}

}  // namespace

Status check_kv_dim(std::string_view op, int64_t dim) {
  OCTET_REQUIRE(dim >= kLeastDim && dim <= kMostDim && dim % 8 == 0,
                "{}: dim = {}, must be a multiple of 8, {} to {}", op, dim, kLeastDim, kMostDim);
  return Status::Ok();
}

Status check_kv_strides(std::string_view op, std::string_view name,
                        const std::array<KvStride, 3>& strides) {
  for (const KvStride& stride : strides) {
    OCTET_REQUIRE(stride.value >= 0 && (!stride.used || stride.value >= stride.least),
                  "{}: {}.{} = {}, must be at least {}", op, name, stride.name, stride.value,
                  stride.least);
  }
  return Status::Ok();
}

Status check_kv_type(std::string_view op, std::string_view name, DType dtype) {
  OCTET_REQUIRE(dtype == DType::kE4m3fn || dtype == DType::kE5m2,
                "{}: {}.dtype = {}, must be e4m3fn or e5m2", op, name, dtype_name(dtype));
  return Status::Ok();
}

Status check_kv_cache(std::string_view op, std::string_view name, const KvCache& is,
                      std::string_view as, const KvCache& must) {
  OCTET_REQUIRE(
      is.blocks == must.blocks && is.block_tokens == must.block_tokens && is.heads == must.heads,
      "{}: {} is ({} blocks, {} tokens, {} heads), must be ({}, {}, {}) as {}", op, name, is.blocks,
      is.block_tokens, is.heads, must.blocks, must.block_tokens, must.heads, as);
  const bool strided = is.block_stride != 0 || is.token_stride != 0 || is.head_stride != 0;
  OCTET_CHECK_OK(
      check_kv_strides(op, name,
                       {{{"block_stride", is.block_stride, is.dim, strided && is.blocks > 1},
                         {"token_stride", is.token_stride, is.dim, strided && is.block_tokens > 1},
                         {"head_stride", is.head_stride, is.dim, strided && is.heads > 1}}}));
  return check_scales(op, name, is.scales);
}

Status check_kv_scale_pointers(std::string_view op, std::string_view name, const KvScales& s) {
  const bool given = s.scale != nullptr || s.packed != nullptr;
  OCTET_REQUIRE(given || s.block == KvScaleBlock::kTensor,
                "{}: {}.scales.scale is null, must be given with a scale per head or per token and "
                "head",
                op, name);
  return Status::Ok();
}

Status check_kv_pages(std::string_view op, std::string_view name, const KvCache& c,
                      const KvPages& pages) {
  constexpr std::array<int64_t, 5> kPages{1, 16, 32, 64, 128};
  const int64_t tokens = c.block_tokens;
  OCTET_REQUIRE(c.blocks >= 0 && c.blocks < kMostKvTokens,
                "{}: {}.blocks = {}, must be 0 to 2^31 - 1", op, name, c.blocks);
  OCTET_REQUIRE(pages.cols >= 0 && pages.cols < kMostKvTokens,
                "{}: page_table_cols = {}, must be 0 to 2^31 - 1", op, pages.cols);
  OCTET_REQUIRE(pages.cols > 0 || pages.table == nullptr,
                "{}: page_table_cols = 0 with a page_table, must be at least 1", op);
  if (pages.cols == 0) {
    OCTET_REQUIRE(c.blocks == pages.sequences,
                  "{}: {}.blocks = {}, must be batch = {} without a page table", op, name, c.blocks,
                  pages.sequences);
    OCTET_REQUIRE(tokens >= 0 && tokens < kMostKvTokens,
                  "{}: {}.block_tokens = {}, must be 0 to 2^31 - 1", op, name, tokens);
    return Status::Ok();
  }
  OCTET_REQUIRE(std::find(kPages.begin(), kPages.end(), tokens) != kPages.end(),
                "{}: {}.block_tokens = {}, must be 1, 16, 32, 64 or 128 with a page table", op,
                name, tokens);
  OCTET_REQUIRE(pages.stride == 0 || pages.stride >= pages.cols,
                "{}: page_table_stride = {}, must be at least the {} columns", op, pages.stride,
                pages.cols);
  return Status::Ok();
}

}  // namespace octet::ops

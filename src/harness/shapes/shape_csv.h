// Shapes as CSV: the columns model,tp,ep,layer,op,format,m,n,k,batch,experts,topk,a_div,count,note.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octet/status.h"
#include "src/harness/shapes/model_shapes.h"

namespace octet::harness {

/// The whole file, header first. Columns that say nothing about a row are left empty; the column m
/// is left out if no shape has an m.
std::string shapes_csv(std::span<const ModelShape> shapes);

/// Reads a shape list or a tuned table: columns are bound by name in upper or lower case, at least
/// n and k; unknown columns are passed over, `b` is batch. Without a column m every row is taken
/// with every size of `sizes`, or with m = 0 if that is empty. Errors are kCorruptData and name
/// file:line: a missing or repeated column, a number that is none, or is not positive.
Result<std::vector<ModelShape>> read_shapes(const std::string& path,
                                            std::span<const int64_t> sizes = {});
/// The same from a text in memory; `path` is for messages.
Result<std::vector<ModelShape>> parse_shapes(std::string_view text, const std::string& path,
                                             std::span<const int64_t> sizes = {});

}  // namespace octet::harness

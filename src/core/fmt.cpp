// fmt, compiled once. Every other file sees only its declarations: 2.3 s less a file, and no libfmt
// to link.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace octet::internal {

// Taking the address makes the compiler emit the function, which other files only declare.
#define OCTET_EMIT(name, type, function) \
  using name##Type = type;               \
  [[gnu::used]] name##Type* const name = &function

OCTET_EMIT(kVformat, std::string(fmt::string_view, fmt::format_args), fmt::vformat);
OCTET_EMIT(kVprint, void(fmt::string_view, fmt::format_args), fmt::vprint);
OCTET_EMIT(kVprintFile, void(std::FILE*, fmt::string_view, fmt::format_args), fmt::vprint);
OCTET_EMIT(kAssertFail, void(const char*, int, const char*), fmt::detail::assert_fail);
#if FMT_VERSION >= 90000
OCTET_EMIT(kIsPrintable, bool(uint32_t), fmt::detail::is_printable);
#else
[[gnu::used]] void (fmt::detail::error_handler::*const kOnError)(const char*) =
    &fmt::detail::error_handler::on_error;
#endif
#if FMT_VERSION >= 90000 && FMT_VERSION < 110000
OCTET_EMIT(kThrow, void(const char*), fmt::detail::throw_format_error);
#endif

}  // namespace octet::internal

// Data files that travel inside the binary (cmake/embed.cmake makes the definitions).
#pragma once

#include <string_view>
#include <vector>

namespace octet {

struct EmbeddedFile {
  std::string_view path;  // relative to the repository
  std::string_view content;
};

/// Those whose path begins with `prefix`, in path order.
std::vector<EmbeddedFile> embedded_files(std::string_view prefix);

}  // namespace octet

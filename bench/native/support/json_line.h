// The lines that the program writes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/measure.h"

namespace cosimo::bench {

std::string json_text(std::string_view text);
std::string json_list(const std::vector<std::string>& texts);
/// {"round":{"value":…,"extra":{…}}}
std::string json_round(const Round& round);

/// Writes the line to standard output, at once.
void write_line(const std::string& line);

}  // namespace cosimo::bench

#include "support/json_line.h"

#include <cstdio>

namespace cosimo::bench {
namespace {

std::string json_number(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", number);
  return text;
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) {
      json += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      json += escape;
    }
  }
  return json + '"';
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const std::string& text : texts) json += (json.size() > 1 ? "," : "") + json_text(text);
  return json + "]";
}

std::string json_round(const Round& round) {
  std::string extra;
  for (const auto& [name, figure] : round.extra) {
    extra += (extra.empty() ? "" : ",") + json_text(name) + ":" + json_number(figure);
  }
  return "{\"round\":{\"value\":" + json_number(round.value) + ",\"extra\":{" + extra + "}}}";
}

void write_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace cosimo::bench

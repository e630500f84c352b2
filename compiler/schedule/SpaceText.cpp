//===- SpaceText.cpp - a Schedule as one line of text -----------------------------------------------------------------===//
//
// tile{order=x.y.c, tile_c=2, tile_x=14, vector=16}: keys sorted, so equal schedules print alike. Text comes from users' files and
// tuning databases, so everything that is not exactly this form is refused with what was found.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "compiler/schedule/Space.h"
#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace kiln::schedule {
namespace {
bool isWord(const std::string &text, const char *more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return std::isalnum(c) || c == '_' || std::string(more).find(char(c)) != std::string::npos;
  });
}

std::string trimmed(const std::string &text) {
  size_t first = text.find_first_not_of(" \t\n"), last = text.find_last_not_of(" \t\n");
  return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

/// A parameter that is a number: all but the lists of axes and the names of places.
bool isNumeric(const std::string &key) {
  return key == "vector" || key == "unroll" || key == "threads" || key.rfind("thread_", 0) == 0 || key.rfind("tile_", 0) == 0 ||
         key.rfind("block_", 0) == 0 || key.rfind("chunk_", 0) == 0;
}

bool isCount(const std::string &text) {
  return !text.empty() && text.size() < 10 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}
} // namespace

int64_t Schedule::get(const std::string &key, int64_t otherwise) const {
  auto found = params.find(key);
  return found == params.end() ? otherwise : std::strtoll(found->second.c_str(), nullptr, 10);
}

std::string Schedule::text(const std::string &key, const std::string &otherwise) const {
  auto found = params.find(key);
  return found == params.end() ? otherwise : found->second;
}

Schedule Schedule::with(const std::string &key, const std::string &value) const {
  Schedule changed = *this;
  if (value.empty())
    changed.params.erase(key);
  else
    changed.params[key] = value;
  return changed;
}

std::string Schedule::print() const {
  std::string line = family + "{", separator;
  for (const auto &[key, value] : params) {
    line.append(separator).append(key).append("=").append(value);
    separator = ", ";
  }
  return line + "}";
}

bool Schedule::parse(const std::string &text, Schedule &schedule, std::string &why) {
  std::string line = trimmed(text);
  size_t open = line.find('{');
  if (open == std::string::npos || line.back() != '}') {
    why = "expected family{key=value, ...}, found '" + line + "'";
    return false;
  }
  Schedule parsed{trimmed(line.substr(0, open)), {}};
  static const std::vector<std::string> families = {"map", "row", "tile", "gpu_map", "gpu_row", "gpu_tile"};
  if (std::find(families.begin(), families.end(), parsed.family) == families.end()) {
    why = "expected the family map, row or tile (for a GPU gpu_map, gpu_row or gpu_tile), found '" + parsed.family + "'";
    return false;
  }
  std::string rest = line.substr(open + 1, line.size() - open - 2);
  while (!trimmed(rest).empty()) {
    size_t comma = rest.find(',');
    std::string pair = trimmed(rest.substr(0, comma));
    if (comma != std::string::npos && trimmed(rest.substr(comma + 1)).empty())
      pair.clear();
    rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
    size_t equals = pair.find('=');
    std::string key = trimmed(pair.substr(0, equals)), value = equals == std::string::npos ? "" : trimmed(pair.substr(equals + 1));
    if (!isWord(key, "") || !isWord(value, ".")) {
      why = "expected key=value, found '" + pair + "'";
      return false;
    }
    if (isNumeric(key) && !isCount(value)) {
      why = key;
      why.append(": expected a number, found '").append(value).append("'");
      return false;
    }
    if (!parsed.params.emplace(key, value).second) {
      why = key;
      why += ": given twice";
      return false;
    }
  }
  schedule = std::move(parsed);
  return true;
}
} // namespace kiln::schedule

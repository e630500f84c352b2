#include "compiler/tools/Table.h"
#include <algorithm>
#include <cstdio>

namespace kiln::tools {

std::string Table::print() const {
  std::vector<size_t> widths(rows[0].size());
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const auto &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      std::string blanks(widths[i] - row[i].size(), ' ');
      line += (i ? "  " : "") + (i < names ? row[i] + blanks : blanks + row[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string grouped(int64_t number) {
  std::string digits = std::to_string(number);
  size_t first = number < 0;
  for (size_t at = digits.size(); at > first + 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

std::string fixed(double number, int digits) {
  char text[64];
  snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}
} // namespace kiln::tools

//===- Table.h - rows of text in columns -----------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_TABLE_H
#define KILN_TOOLS_TABLE_H
#include <cstdint>
#include <string>
#include <vector>

namespace kiln::tools {

class Table {
public:
  /// The first `names` columns are set to the left, numbers to the right.
  Table(std::vector<std::string> titles, size_t names) : rows{std::move(titles)}, names(names) {}
  void add(std::vector<std::string> row) { rows.push_back(std::move(row)); }
  size_t size() const { return rows.size() - 1; }
  std::string print() const;

private:
  std::vector<std::vector<std::string>> rows;
  size_t names;
};

std::string grouped(int64_t number);              ///< 61,706
std::string fixed(double number, int digits = 1); ///< 12.3
} // namespace kiln::tools
#endif

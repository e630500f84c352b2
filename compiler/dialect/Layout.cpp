#include "compiler/dialect/Layout.h"
#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace kiln {
namespace {
std::vector<std::string> pieces(const std::string &text, char separator) {
  std::vector<std::string> result;
  std::stringstream stream(text);
  for (std::string piece; std::getline(stream, piece, separator);)
    result.push_back(piece);
  return result;
}
bool number(const std::string &text, int64_t &value) {
  char *end = nullptr;
  value = std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && *end == 0 && value >= 0 && value < (int64_t(1) << 40);
}
} // namespace

Layout Layout::dense(int64_t rank) {
  Layout l;
  for (int64_t d = rank; d-- > 0;)
    l.order.push_back({d});
  l.low.assign(rank, 0);
  l.high.assign(rank, 0);
  return l;
}

Layout Layout::blocked(int64_t rank, int64_t dim, int64_t block) {
  Layout l = dense(rank);
  std::vector<StoredDim> order{{dim, Part::Inner, block}};
  for (const StoredDim &s : l.order)
    order.push_back(s.dim == dim ? StoredDim{dim, Part::Outer, block} : s);
  l.order = std::move(order);
  return l;
}

std::optional<Layout> Layout::parse(const std::string &text, std::string &why) {
  Layout l;
  std::vector<std::string> sections = pieces(text, ';');
  if (sections.empty())
    sections.push_back("");
  std::vector<int64_t> seen;
  for (const std::string &item : pieces(sections[0], ',')) {
    StoredDim s;
    size_t mark = item.find_first_of("%/");
    if (mark != std::string::npos)
      s.part = item[mark] == '%' ? Part::Inner : Part::Outer;
    if (!number(item.substr(0, mark), s.dim) ||
        (mark != std::string::npos && (!number(item.substr(mark + 1), s.block) || s.block < 1))) {
      why = "'" + item + "' is not a stored dimension such as 2, 1%16 or 1/16";
      return std::nullopt;
    }
    l.order.push_back(s);
    if (s.part != Part::Inner)
      seen.push_back(s.dim);
  }
  std::sort(seen.begin(), seen.end());
  for (size_t i = 0; i < seen.size(); ++i)
    if (seen[i] != static_cast<int64_t>(i)) {
      why = "'" + sections[0] + "' does not store every dimension once";
      return std::nullopt;
    }
  l.low.assign(seen.size(), 0);
  l.high.assign(seen.size(), 0);
  for (const StoredDim &s : l.order)
    if (s.part != Part::Whole && (s.dim >= l.rank() || std::count_if(l.order.begin(), l.order.end(), [&](const StoredDim &o) {
                                                         return o.dim == s.dim && o.block == s.block && o.part != s.part &&
                                                                o.part != Part::Whole;
                                                       }) != 1)) {
      why = "dimension " + std::to_string(s.dim) + " is blocked without its other part";
      return std::nullopt;
    }
  for (size_t i = 1; i < sections.size(); ++i) {
    if (sections[i].rfind("halo=", 0) == 0) {
      for (const std::string &item : pieces(sections[i].substr(5), ',')) {
        std::vector<std::string> parts = pieces(item, ':');
        int64_t d, lo, hi;
        if (parts.size() != 3 || !number(parts[0], d) || !number(parts[1], lo) || !number(parts[2], hi) || d >= l.rank() ||
            l.blockOf(d)) {
          why = "'" + item + "' is not a halo dim:low:high of an unblocked dimension";
          return std::nullopt;
        }
        l.low[d] = lo;
        l.high[d] = hi;
      }
    } else if (sections[i].rfind("pad=", 0) != 0 || !number(sections[i].substr(4), l.pad)) {
      why = "'" + sections[i] + "' is neither halo= nor pad=";
      return std::nullopt;
    }
  }
  return l;
}

std::string Layout::print() const {
  std::string text, separator;
  for (const StoredDim &s : order) {
    text += separator + std::to_string(s.dim);
    if (s.part != Part::Whole)
      text += (s.part == Part::Inner ? "%" : "/") + std::to_string(s.block);
    separator = ",";
  }
  separator = ";halo=";
  for (int64_t d = 0; d < rank(); ++d)
    if (low[d] || high[d]) {
      text += separator + std::to_string(d) + ":" + std::to_string(low[d]) + ":" + std::to_string(high[d]);
      separator = ",";
    }
  return pad ? text + ";pad=" + std::to_string(pad) : text;
}

bool Layout::isDense() const { return *this == dense(rank()); }

bool Layout::storedAsDense(const Shape &shape) const {
  if (hasHalo() || pad)
    return false;
  // What is left of each logical dimension must come back in row-major order, with blocks adjacent and full.
  std::vector<StoredDim> whole;
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i].part == Part::Whole) {
      whole.push_back(order[i]);
      continue;
    }
    if (order[i].part != Part::Inner || i + 1 == order.size() || order[i + 1].dim != order[i].dim ||
        order[i + 1].part != Part::Outer || shape[order[i].dim] % order[i].block)
      return false;
    whole.push_back({order[i++].dim});
  }
  int64_t next = rank();
  for (const StoredDim &s : whole) {
    if (shape[s.dim] == 1)
      continue;
    if (s.dim > next)
      return false;
    next = s.dim;
  }
  return true;
}

int64_t Layout::blockOf(int64_t dim) const {
  for (const StoredDim &s : order)
    if (s.dim == dim && s.part == Part::Inner)
      return s.block;
  return 0;
}

bool Layout::hasHalo() const {
  return std::any_of(low.begin(), low.end(), [](int64_t v) { return v; }) ||
         std::any_of(high.begin(), high.end(), [](int64_t v) { return v; });
}

Shape Layout::extents(const Shape &shape) const {
  Shape result;
  for (const StoredDim &s : order) {
    int64_t extent = shape[s.dim] + low[s.dim] + high[s.dim];
    result.push_back(s.part == Part::Whole ? extent : s.part == Part::Inner ? s.block : (extent + s.block - 1) / s.block);
  }
  return result;
}

Shape Layout::strides(const Shape &shape) const {
  Shape result;
  int64_t stride = 1;
  for (int64_t extent : extents(shape)) {
    result.push_back(stride);
    stride *= extent;
    if (result.size() == 1)
      stride += pad;
  }
  return result;
}

int64_t Layout::elements(const Shape &shape) const {
  Shape e = extents(shape), s = strides(shape);
  return e.empty() ? 1 : e.back() * s.back() + (e.size() == 1 ? pad : 0);
}

int64_t Layout::interior(const Shape &shape) const { return offset(shape, Shape(shape.size(), 0)); }

int64_t Layout::offset(const Shape &shape, const Shape &at) const {
  Shape s = strides(shape);
  int64_t result = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    int64_t v = at[order[i].dim] + low[order[i].dim];
    result += s[i] * (order[i].part == Part::Whole ? v : order[i].part == Part::Inner ? v % order[i].block : v / order[i].block);
  }
  return result;
}
} // namespace kiln

//===- Assigned.cpp - which reads may find a register never written ----------------------------------------------===//
//
// In: a program's instructions. Out: the same, where some way to a read leaves its register unwritten, with a note to watch that register
// while running, and all that is made of it. What every way writes, which is nearly everything, costs nothing.
//
//===------------------------------------------------------------------------------------------------------------===//
#include "Program.h"

namespace ptx {
namespace {
using Set = std::vector<bool>;

/// Instructions that run one after another: the first, and the end.
struct Stretch {
  size_t first, end;
  std::vector<size_t> next; ///< stretches, by number
};

std::vector<Stretch> stretchesOf(const std::vector<Instruction> &code) {
  std::set<size_t> starts = {0};
  for (size_t i = 0; i < code.size(); ++i)
    if (code[i].flow == Flow::Branch || code[i].flow == Flow::Exit) {
      starts.insert(i + 1);
      if (code[i].flow == Flow::Branch)
        starts.insert(static_cast<size_t>(code[i].target));
    }
  starts.erase(starts.lower_bound(code.size()), starts.end());
  std::vector<Stretch> found;
  std::map<size_t, size_t> numbers;
  for (auto start = starts.begin(); start != starts.end(); ++start) {
    auto after = std::next(start);
    numbers[*start] = found.size();
    found.push_back({*start, after == starts.end() ? code.size() : *after, {}});
  }
  for (Stretch &stretch : found) {
    const Instruction &last = code[stretch.end - 1];
    auto follow = [&](size_t place) {
      if (place < code.size())
        stretch.next.push_back(numbers.at(place));
    };
    if (last.flow == Flow::Branch)
      follow(static_cast<size_t>(last.target));
    if ((last.flow != Flow::Branch && last.flow != Flow::Exit) || last.guard >= 0)
      follow(stretch.end);
  }
  return found;
}

void assign(const Instruction &instruction, Set &assigned) {
  if (instruction.guard < 0)
    for (int index : instruction.to)
      if (index >= 0)
        assigned[static_cast<size_t>(index)] = true;
}
} // namespace

void Program::watch() {
  if (code.empty())
    return;
  std::vector<Stretch> stretches = stretchesOf(code);
  std::vector<Set> before(stretches.size(), Set(static_cast<size_t>(registers), true));
  before[0].assign(static_cast<size_t>(registers), false);
  for (const auto &[index, value] : filled)
    before[0][static_cast<size_t>(index)] = true;
  std::vector<bool> reached(stretches.size());
  std::set<size_t> waiting = {0};
  while (!waiting.empty()) {
    size_t number = *waiting.begin();
    waiting.erase(waiting.begin());
    reached[number] = true;
    Set assigned = before[number];
    for (size_t i = stretches[number].first; i < stretches[number].end; ++i)
      assign(code[i], assigned);
    for (size_t next : stretches[number].next) {
      bool fewer = !reached[next];
      for (size_t i = 0; i < assigned.size(); ++i)
        if (before[next][i] && !assigned[i]) {
          before[next][i] = false;
          fewer = true;
        }
      if (fewer)
        waiting.insert(next);
    }
  }
  std::map<int, size_t> marks;
  for (size_t number = 0; number < stretches.size(); ++number) {
    Set assigned = before[number];
    auto doubt = [&](int index) {
      if (index >= 0 && !assigned[static_cast<size_t>(index)])
        marks.emplace(index, marks.size());
    };
    for (size_t i = stretches[number].first; reached[number] && i < stretches[number].end; ++i) {
      doubt(code[i].guard);
      for (int index : code[i].from)
        doubt(index);
      assign(code[i], assigned);
    }
  }
  for (size_t known = 0; known != marks.size();) { // what is made of them
    known = marks.size();
    for (const Instruction &instruction : code)
      for (int index : instruction.from)
        for (int made : instruction.to)
          if (made >= 0 && marks.count(index))
            marks.emplace(made, marks.size());
  }
  watched = marks.size();
  auto markOf = [&](int index) {
    auto mark = marks.find(index);
    return mark == marks.end() ? -1 : static_cast<int>(mark->second);
  };
  for (Instruction &instruction : code) {
    instruction.doubtfulGuard = markOf(instruction.guard);
    for (size_t i = 0; i < instruction.from.size(); ++i)
      if (markOf(instruction.from[i]) >= 0)
        instruction.doubtful.emplace_back(markOf(instruction.from[i]), i);
    for (int index : instruction.to)
      if (markOf(index) >= 0)
        instruction.marks.push_back(static_cast<size_t>(markOf(index)));
  }
}

} // namespace ptx

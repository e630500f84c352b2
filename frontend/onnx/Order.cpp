//===- Order.cpp - see Order.h ---------------------------------------------------------------------------------===//
#include "frontend/onnx/Order.h"
#include "frontend/onnx/Fault.h"
#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>
#include <unordered_set>

namespace kiln::onnx {

namespace {

using Names = std::unordered_set<std::string>;

std::string label(const Node &node) { return "node " + quoted(node.name) + " (" + node.op + ")"; }

void addUses(const Node &node, Names &uses);

/// What `graph` uses and does not make itself.
void addOuterUses(const Graph &graph, Names &uses) {
  Names inner, made;
  for (const ValueInfo &each : graph.inputs)
    made.insert(each.name);
  for (const Tensor &each : graph.initializers)
    made.insert(each.name);
  for (const Node &each : graph.nodes) {
    addUses(each, inner);
    made.insert(each.outputs.begin(), each.outputs.end());
  }
  for (const ValueInfo &each : graph.outputs)
    inner.insert(each.name);
  for (const std::string &each : inner)
    if (!made.count(each))
      uses.insert(each);
}

void addUses(const Node &node, Names &uses) {
  for (const std::string &name : node.inputs)
    if (!name.empty())
      uses.insert(name);
  for (const auto &each : node.subgraphs())
    addOuterUses(*each, uses);
}

/// Every node left over waits for another one left over: walking from one to what it waits for must come round.
[[noreturn]] void reportCycle(const Graph &graph, const std::vector<std::vector<size_t>> &waitsFor,
                              const std::vector<bool> &placed) {
  size_t at = std::find(placed.begin(), placed.end(), false) - placed.begin();
  std::vector<size_t> path;
  std::vector<bool> seen(placed.size());
  while (!seen[at]) {
    seen[at] = true;
    path.push_back(at);
    at = *std::find_if(waitsFor[at].begin(), waitsFor[at].end(), [&](size_t other) { return !placed[other]; });
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), at));
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(path.size(), 4); ++i)
    text += (i ? ", which needs " : "") + label(graph.nodes[path[i]]);
  throw Fault{"the graph has a cycle: " + text + (path.size() > 4 ? ", and so on" : "") + ", which needs the first again"};
}

class NameCheck {
public:
  void graph(const Graph &graph, const std::string &where);

private:
  void define(const std::string &name, const std::string &by) {
    if (name.empty())
      return;
    if (!defined.insert(name).second)
      throw Fault{by + ": value " + quoted(name) + " has another producer already; every name must be unique"};
    local.push_back(name);
  }

  Names defined;
  std::vector<std::string> local; ///< a stack: what inner graphs defined is forgotten after them
};

void NameCheck::graph(const Graph &graph, const std::string &where) {
  size_t outer = local.size();
  for (const Tensor &each : graph.initializers)
    define(each.name, where + "initialiser " + quoted(each.name));
  for (const ValueInfo &each : graph.inputs)
    define(each.name, where + "input " + quoted(each.name));
  for (const Node &node : graph.nodes) {
    for (const std::string &name : node.inputs)
      if (!name.empty() && !defined.count(name))
        throw Fault{where + label(node) + ": its input " + quoted(name) + " is no input, initialiser or result of a node"};
    for (const auto &inner : node.subgraphs())
      this->graph(*inner, where + label(node) + ": ");
    for (const std::string &name : node.outputs)
      define(name, where + label(node));
  }
  for (const ValueInfo &each : graph.outputs)
    if (!defined.count(each.name))
      throw Fault{where + "output " + quoted(each.name) + " is no input, initialiser or result of a node"};
  for (; local.size() > outer; local.pop_back())
    defined.erase(local.back());
}

} // namespace

void sortNodes(Graph &graph) {
  size_t count = graph.nodes.size();
  std::unordered_map<std::string, size_t> producer;
  for (size_t i = 0; i < count; ++i)
    for (const std::string &name : graph.nodes[i].outputs)
      if (!name.empty())
        producer.emplace(name, i);
  std::vector<std::vector<size_t>> waitsFor(count), readies(count);
  std::vector<size_t> missing(count);
  for (size_t i = 0; i < count; ++i) {
    Names uses;
    addUses(graph.nodes[i], uses);
    for (const std::string &name : uses) {
      auto found = producer.find(name);
      if (found == producer.end())
        continue;
      waitsFor[i].push_back(found->second);
      readies[found->second].push_back(i);
      ++missing[i];
    }
  }
  // Of all nodes that could come next the one that stands first in the file: what is sorted stays as it is.
  std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
  for (size_t i = 0; i < count; ++i)
    if (!missing[i])
      ready.push(i);
  std::vector<Node> sorted;
  std::vector<bool> placed(count);
  std::vector<size_t> order;
  while (!ready.empty()) {
    size_t next = ready.top();
    ready.pop();
    placed[next] = true;
    order.push_back(next);
    for (size_t user : readies[next])
      if (!--missing[user])
        ready.push(user);
  }
  if (order.size() != count)
    reportCycle(graph, waitsFor, placed);
  for (size_t i : order)
    sorted.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(sorted);
}

void checkNames(const Graph &graph) { NameCheck().graph(graph, ""); }

} // namespace kiln::onnx

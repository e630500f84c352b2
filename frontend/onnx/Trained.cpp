#include "frontend/onnx/Trained.h"

namespace kiln::onnx {

namespace {
enum class Place { Weight, Statistic, Other };
} // namespace

static Place placeOf(const std::string &op, size_t input) {
  static const std::map<std::string, std::set<size_t>> weights = {
      {"Conv", {1, 2}},
      {"ConvTranspose", {1, 2}},
      {"Gemm", {0, 1, 2}},
      {"MatMul", {0, 1}},
      {"BatchNormalization", {1, 2}},
      {"LayerNormalization", {1, 2}},
      {"RMSNormalization", {1}},
      {"GroupNormalization", {1, 2}},
      {"InstanceNormalization", {1, 2}},
      {"PRelu", {1}},
      {"Gather", {0}},
      {"Add", {0, 1}},
      {"Mul", {0, 1}},
  };
  if (op == "BatchNormalization" && input > 2)
    return Place::Statistic;
  auto found = weights.find(op);
  return found != weights.end() && found->second.count(input) ? Place::Weight : Place::Other;
}

static std::map<std::string, std::set<Place>> placesOf(const Graph &graph) {
  std::map<std::string, std::set<Place>> places;
  for (const Node &node : graph.nodes)
    for (size_t i = 0; i < node.inputs.size(); ++i)
      places[node.inputs[i]].insert(placeOf(node.op, i));
  return places;
}

std::set<std::string> statisticTensors(const Graph &graph) {
  std::map<std::string, std::set<Place>> places = placesOf(graph);
  std::set<std::string> statistics;
  for (const Tensor &each : graph.initializers)
    if (each.type == DataType::Float && each.shape.size() == 1 && places[each.name] == std::set<Place>{Place::Statistic})
      statistics.insert(each.name);
  return statistics;
}

std::set<std::string> trainedTensors(const Graph &graph, int64_t fewElements) {
  std::map<std::string, std::set<Place>> places = placesOf(graph);
  std::set<std::string> trained;
  for (const Tensor &each : graph.initializers) {
    const std::set<Place> &at = places[each.name];
    bool isWeight = each.elements() > fewElements || (at.count(Place::Weight) && !at.count(Place::Other));
    if (each.type == DataType::Float && !each.shape.empty() && !at.count(Place::Statistic) && isWeight)
      trained.insert(each.name);
  }
  return trained;
}

} // namespace kiln::onnx

//===- Trained.h - which of a model's initialisers are weights that a training changes -------------------------===//
//
// In: a graph. Out: the names of its float initialisers that are weights. A file does not say so: statistics of batch norms, scales of a resize and
// exponents are initialisers too. Large ones are taken for weights unless an operator holds them for something else; of few elements only those
// at a place where weights stand.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_TRAINED_H
#define KILN_FRONTEND_ONNX_TRAINED_H
#include "frontend/onnx/Model.h"
#include <set>

namespace kiln::onnx {

std::set<std::string> trainedTensors(const Graph &graph, int64_t fewElements);
/// Those of batch norms, and of nothing else: the running means and variances.
std::set<std::string> statisticTensors(const Graph &graph);

} // namespace kiln::onnx

#endif

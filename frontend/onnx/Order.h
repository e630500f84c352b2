//===- Order.h - nodes into an order that can run, names checked -----------------------------------------------===//
//
// In: graphs as read. Out: the same with every node after what it uses (a sorted graph is left as it is), or a Fault that names the
// node on a cycle, the input that nothing produces, or the value with two producers. Graphs inside nodes see the names around them.
//
//===----------------------------------------------------------------------------------------------------------===//
#ifndef KILN_FRONTEND_ONNX_ORDER_H
#define KILN_FRONTEND_ONNX_ORDER_H
#include "frontend/onnx/Model.h"

namespace kiln::onnx {

void sortNodes(Graph &graph); ///< one graph; those inside its nodes were sorted before
void checkNames(const Graph &graph); ///< a main graph, sorted, with all inside it

} // namespace kiln::onnx

#endif

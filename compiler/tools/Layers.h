//===- Layers.h - a model as people read it --------------------------------------------------------------------------------===//
//
// In: a model file. Out: its layers in order, each with what it gives, keeps and computes. Of an ONNX file these are its nodes, whatever
// ops they become; of an .mlir graph its ops.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef KILN_TOOLS_LAYERS_H
#define KILN_TOOLS_LAYERS_H
#include "compiler/tools/Frontend.h"

namespace kiln::tools {

struct Layer {
  std::string name, op;
  std::string shape; ///< "float32 1x6x28x28"; empty: unknown, or it is gone before any code is made
  int64_t parameters = 0; ///< each counted where it is used first; sizes and indices (int64) are none
  int64_t operations = 0; ///< floating point
  std::vector<std::string> inputs, outputs; ///< names of values
};

struct Port {
  std::string name, shape;
};

struct ModelView {
  std::string about; ///< "ONNX, opset 17, by pytorch 2.1"
  std::vector<Port> inputs, outputs;
  std::vector<Layer> layers;
};

/// `refusal` is why the model does not compile as it stands, if it does not: the view then lacks shapes and operations.
llvm::Expected<ModelView> viewModel(const Source &source, std::string &refusal);
} // namespace kiln::tools
#endif

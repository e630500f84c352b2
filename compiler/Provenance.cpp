#include "compiler/Provenance.h"
#include "compiler/codegen/Object.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

namespace kiln {
namespace {
namespace json = llvm::json;

json::Array kernelsOf(const Half &half) {
  json::Array kernels;
  for (const codegen::DeviceKernel &kernel : half.onDevice) {
    int64_t bytes = static_cast<int64_t>(kernel.code.ptx.size());
    json::Array cards;
    for (auto [capability, image] : llvm::zip(half.target.capabilities, kernel.images)) {
      bytes += static_cast<int64_t>(image.cubin.size());
      cards.push_back(json::Object{{"card", "sm_" + std::to_string(capability)},
                                   {"registers", image.registers},
                                   {"spills", image.spills},
                                   {"stack", image.stack}});
    }
    kernels.push_back(json::Object{{"name", kernel.name},
                                   {"schedule", kernel.code.schedule},
                                   {"bytes", bytes},
                                   {"shared", kernel.code.shared},
                                   {"cards", std::move(cards)}});
  }
  for (const codegen::CompiledKernel &kernel : half.kernels)
    kernels.push_back(json::Object{
        {"name", kernel.name}, {"schedule", kernel.made.schedule}, {"bytes", codegen::loadedBytes(kernel.made.object)}});
  return kernels;
}

json::Object planOf(const Half &half) {
  json::Array launches;
  eachLaunch(half.planned, "main", [&](LaunchOp launch) {
    json::Array offsets;
    auto placed = launch.getOffsets();
    for (int64_t offset : *placed)
      offsets.push_back(offset);
    launches.push_back(
        json::Object{{"kernel", launch.getKernel()}, {"nodes", nodeNames(launch.getLoc())}, {"offsets", std::move(offsets)}});
  });
  auto integer = [&](llvm::StringRef name) { return half.planned->getAttrOfType<mlir::IntegerAttr>(name).getInt(); };
  return json::Object{
      {"arena", integer("kiln.arena_size")}, {"scratch", integer("kiln.scratch_size")}, {"launches", std::move(launches)}};
}
} // namespace

std::string provenanceOf(llvm::ArrayRef<Half> halves, const CompileOptions &options, const codegen::BlobFacts &blob) {
  json::Object all{{"kiln", version},
                   {"model", options.model},
                   {"model_sha256", options.modelHash},
                   {"weights_sha256", llvm::toHex(llvm::ArrayRef<uint8_t>(blob.hash), true)},
                   {"target", options.target.name},
                   {"options", options.optionsText},
                   {"kernels", kernelsOf(halves[0])},
                   {"plan", planOf(halves[0])}};
  if (halves.size() > 1) // behind "kernels" in the order of keys, by which the line is found
    all["on_card"] = json::Object{{"kernels", kernelsOf(halves[1])}, {"plan", planOf(halves[1])}};
  return llvm::formatv("{0}", json::Value(std::move(all))).str();
}
} // namespace kiln

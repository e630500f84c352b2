#include "compiler/codegen/DeviceKernels.h"
#include "compiler/codegen/LaunchOrder.h"
#include "compiler/lower/Ptx.h"
#include "kiln/kiln.h"
#include "llvm/ADT/StringMap.h"
#include <iterator>
#include <numeric>
#include <sstream>

namespace kiln::codegen {
namespace {
std::string launchText(const lower::DeviceCode &code) {
  std::ostringstream text;
  for (const auto &numbers : {code.grid, code.block})
    for (int i = 0; i < 3; ++i)
      text << numbers[i] << ' ';
  text << code.shared << ' ' << code.arguments.size();
  for (int operand : code.arguments)
    text << ' ' << operand;
  return text.str();
}

bool readLaunch(const std::string &text, lower::DeviceCode &code) {
  std::istringstream stream(text);
  for (auto *numbers : {code.grid, code.block})
    for (int i = 0; i < 3; ++i)
      stream >> numbers[i];
  size_t count = 0;
  stream >> code.shared >> count;
  for (size_t i = 0; stream && i < count; ++i) {
    int operand = 0;
    stream >> operand;
    code.arguments.push_back(operand);
  }
  return bool(stream);
}

bool unpack(const Texts &texts, size_t capabilities, DeviceKernel &kernel) {
  if (texts.size() != 4 && texts.size() != 4 + 2 * capabilities)
    return false;
  kernel.code = {};
  kernel.images.clear();
  kernel.code.ptx = texts[0];
  kernel.code.entry = texts[1];
  kernel.code.schedule = texts[2];
  for (size_t i = 4; i < texts.size(); i += 2) {
    Assembled image;
    image.cubin = texts[i];
    std::istringstream(texts[i + 1]) >> image.registers >> image.spills >> image.stack;
    kernel.images.push_back(std::move(image));
  }
  return readLaunch(texts[3], kernel.code);
}
/// Whether a result of the launch stands where an operand does. The caller may give one memory for an input and the output tied to it.
bool overwrites(mlir::func::FuncOp planned, const std::vector<std::pair<Place, int64_t>> &operands,
                const std::vector<std::pair<Place, int64_t>> &results) {
  auto buffer = [&](const Place &place) -> std::pair<int, int64_t> {
    if (place.base == Place::Output)
      if (auto input = tiedInput(planned, static_cast<unsigned>(place.index)))
        return {Place::Input, *input};
    return {place.base, place.index};
  };
  return llvm::any_of(results, [&](const auto &result) {
    return llvm::any_of(operands, [&](const auto &operand) {
      return buffer(operand.first) == buffer(result.first) && operand.first.offset < result.first.offset + result.second &&
             result.first.offset < operand.first.offset + operand.second;
    });
  });
}

/// The lower::Placement of each kernel, as text: whether it overwrites, then the alignments.
llvm::Expected<llvm::StringMap<std::string>> placementsIn(mlir::func::FuncOp planned) {
  llvm::StringMap<lower::Placement> found;
  llvm::Expected<std::vector<Launched>> order = launchOrder(planned);
  if (!order)
    return order.takeError();
  for (Launched &one : *order) {
    LaunchOp launch = one.launch;
    if (!launch)
      continue;
    lower::Placement &of = found[launch.getKernel()];
    of.aligned.resize(launch->getNumOperands() + launch->getNumResults(), KILN_DEVICE_ALIGNMENT);
    std::vector<std::pair<Place, int64_t>> places[2];
    size_t i = 0;
    for (bool isResult : {false, true})
      for (mlir::Value value : isResult ? mlir::ValueRange(launch->getResults()) : mlir::ValueRange(launch->getOperands())) {
        llvm::Expected<Place> place = one.frame->placeOf(value);
        if (!place)
          return place.takeError();
        of.aligned[i] = std::gcd(of.aligned[i], place->offset);
        places[isResult].push_back({*place, bytesOf(value.getType())});
        ++i;
      }
    of.overwrites |= overwrites(planned, places[0], places[1]);
  }
  llvm::StringMap<std::string> texts;
  for (const auto &entry : found) {
    std::ostringstream text;
    text << entry.second.overwrites << ' ';
    for (int64_t bytes : entry.second.aligned)
      text << bytes << ' ';
    texts[entry.first()] = text.str();
  }
  return texts;
}
} // namespace

// Arguments: the kernel, its placement, ptxas and its version (or nothing), then the capabilities.
Texts compileDeviceText(const Texts &arguments) {
  ParsedKernel parsed = parsedKernel(arguments.at(0));
  KernelOp kernel = parsed.kernel();
  std::istringstream numbers(arguments.at(1));
  lower::Placement placement;
  numbers >> placement.overwrites;
  placement.aligned.assign(std::istream_iterator<int64_t>(numbers), std::istream_iterator<int64_t>());
  bool asSource = arguments.at(4) == std::to_string(lower::openCL);
  lower::DeviceCode code =
      lower::compileForDevice(kernel, asSource ? lower::openCL : 80, placement); // all cards run sm_80, and all assemblers know it
  auto assembled = [&](const std::string &ptx) {
    std::vector<Assembled> images;
    for (size_t i = 4; i < arguments.size() && !arguments[2].empty(); ++i) {
      llvm::Expected<Assembled> made = assemble(arguments[2], ptx, std::stoi(arguments[i]));
      if (!made)
        throw std::runtime_error(llvm::toString(made.takeError()));
      images.push_back(std::move(*made));
    }
    return images;
  };
  std::vector<Assembled> images = assembled(code.ptx);
  auto spills = [](const std::vector<Assembled> &of) {
    return std::accumulate(of.begin(), of.end(), int64_t(0), [](int64_t sum, const Assembled &one) { return sum + one.spills; });
  };
  if (spills(images)) { // ptxas keeps registers few, for many blocks at once; sometimes too few
    std::string ptx = lower::withoutOccupancy(code.ptx);
    if (std::vector<Assembled> other = assembled(ptx); spills(other) < spills(images)) {
      images = std::move(other);
      code.ptx = ptx;
    }
  }
  Texts texts = {code.ptx, code.entry, code.schedule, launchText(code)};
  for (const Assembled &made : images) {
    texts.push_back(made.cubin);
    texts.push_back(std::to_string(made.registers) + " " + std::to_string(made.spills) + " " + std::to_string(made.stack));
  }
  return texts;
}

llvm::Expected<std::vector<DeviceKernel>> compileDeviceKernels(mlir::ModuleOp module, const Target &target,
                                                               const WorkOptions &options) {
  bool asSource = target.capabilities.front() == lower::openCL;
  llvm::Expected<std::string> assembler = asSource ? std::string() : findAssembler();
  if (!assembler)
    return assembler.takeError();
  std::vector<KernelOp> kernels = kernelsOf(module, "main", true);
  std::vector<DeviceKernel> compiled(kernels.size());
  for (size_t i = 0; i < kernels.size(); ++i)
    compiled[i].name = kernels[i].getSymName().str();
  std::string version = assemblerVersion(*assembler);
  llvm::Expected<llvm::StringMap<std::string>> places = placementsIn(module.lookupSymbol<mlir::func::FuncOp>("main"));
  if (!places)
    return places.takeError();
  auto request = [&](KernelOp kernel) {
    Texts texts = {printed(kernel), (*places)[kernel.getSymName()], *assembler, version};
    for (int capability : target.capabilities)
      texts.push_back(std::to_string(capability));
    return texts;
  };
  auto accept = [&](size_t index, const Texts &texts, const Answer *) {
    return unpack(texts, target.capabilities.size(), compiled[index]);
  };
  if (llvm::Error error = compileEach(kernels, "device", request, options, accept))
    return error;
  return compiled;
}
} // namespace kiln::codegen

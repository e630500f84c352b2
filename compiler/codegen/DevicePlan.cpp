#include "compiler/codegen/DevicePlan.h"
#include "compiler/codegen/LaunchOrder.h"
#include "compiler/codegen/Signature.h"
#include "runtime/cuda/device.h"
#include "llvm/ADT/StringMap.h"

namespace kiln::codegen {
using namespace mlir;

namespace {
/// Bytes of one buffer, as ranges that do not touch.
class Ranges {
public:
  using Range = std::pair<int64_t, int64_t>;
  void add(int64_t begin, int64_t end) {
    remove(begin, end);
    ranges.insert({begin, end});
  }
  void remove(int64_t begin, int64_t end) {
    std::set<Range> kept;
    for (auto [from, to] : ranges) {
      if (from < std::min(to, begin))
        kept.insert({from, std::min(to, begin)});
      if (std::max(from, end) < to)
        kept.insert({std::max(from, end), to});
    }
    ranges = std::move(kept);
  }
  std::vector<Range> missing(int64_t begin, int64_t end) const {
    std::vector<Range> gaps;
    for (auto [from, to] : ranges) {
      if (to <= begin || from >= end)
        continue;
      if (from > begin)
        gaps.push_back({begin, from});
      begin = std::max(begin, to);
    }
    if (begin < end)
      gaps.push_back({begin, end});
    return gaps;
  }

private:
  std::set<Range> ranges;
};

int64_t bytesOf(Value value) { return kiln::bytesOf(value.getType()); }

/// The nodes of the graph that a launch computes, or its kernel's name.
std::string namesOf(LaunchOp launch) {
  std::string names = nodeNames(launch.getLoc());
  return names.empty() ? launch.getKernel().str() : names;
}

class Planner {
public:
  Planner(func::FuncOp planned, ArrayRef<DeviceKernel> kernels) : planned(planned) {
    for (auto [i, kernel] : llvm::enumerate(kernels))
      numbers[kernel.name] = i;
    plan.inputSides.resize(planned.getNumArguments());
    plan.outputSides.resize(planned.getNumResults());
  }

  llvm::Expected<DevicePlan> make() {
    llvm::Expected<std::vector<Launched>> found = launchOrder(planned);
    if (!found)
      return found.takeError();
    order = std::move(*found);
    if (llvm::Error error = checkInputs())
      return error;
    for (const Launched &one : order)
      if (one.launch) {
        if (llvm::Error error = add(one))
          return error;
      } else {
        copy(one.to, one.from, one.bytes);
      }
    if (llvm::Error error = finishOutputs())
      return error;
    return std::move(plan);
  }

private:
  enum Side { Device, Host };
  using Buffer = std::pair<Place::Base, int64_t>;
  static Buffer bufferOf(const Place &place) { return {place.base, place.index}; }

  void note(const Place &place, int64_t bytes, Side side) {
    if (place.base == Place::Input)
      plan.inputSides[place.index] |= side == Device ? KILN_SIDE_DEVICE : KILN_SIDE_HOST;
    if (place.base == Place::Output)
      plan.outputSides[place.index] |= side == Device ? KILN_SIDE_DEVICE : KILN_SIDE_HOST;
    if (place.base == Place::Arena && side == Host)
      plan.hostArena = std::max(plan.hostArena, place.offset + bytes);
    if (place.base == Place::Weights && side == Device) {
      int64_t begin = place.offset / 64 * 64; // what is aligned in the blob is aligned on the card
      plan.weightsBegin = plan.weightsEnd ? std::min(plan.weightsBegin, begin) : begin;
      plan.weightsEnd = std::max(plan.weightsEnd, place.offset + bytes);
    }
  }

  /// The bytes stand on this side from here on.
  void need(const Place &place, int64_t bytes, Side side) {
    note(place, bytes, side);
    if (place.base == Place::Input || place.base == Place::Weights)
      return;
    for (auto [begin, end] : valid[side][bufferOf(place)].missing(place.offset, place.offset + bytes)) {
      Place part = place;
      part.offset = begin;
      note(part, end - begin, Host);
      note(part, end - begin, Device);
      plan.steps.push_back({side == Host ? DeviceStep::ToHost : DeviceStep::ToDevice, 0, {}, part, {}, end - begin});
      valid[side][bufferOf(place)].add(begin, end);
    }
  }

  void written(const Place &place, int64_t bytes, Side side) {
    note(place, bytes, side);
    valid[side][bufferOf(place)].add(place.offset, place.offset + bytes);
    valid[side == Host ? Device : Host][bufferOf(place)].remove(place.offset, place.offset + bytes);
  }

  void onHost(HostWork work) {
    if (plan.steps.empty() || plan.steps.back().kind != DeviceStep::Host) {
      plan.steps.push_back({DeviceStep::Host});
      plan.steps.back().name = namesOf(work.launch);
    }
    plan.steps.back().work.push_back(work);
  }

  /// The values whose elements a launch's checks hold against their limit.
  SmallVector<Value> checked(LaunchOp launch) {
    SmallVector<Value> values;
    auto checks = launch->getAttrOfType<ArrayAttr>("checks");
    for (Attribute attribute : checks ? checks.getValue() : ArrayRef<Attribute>())
      if (auto fields = dyn_cast<DictionaryAttr>(attribute))
        if (auto operand = fields.getAs<IntegerAttr>("operand"); operand && operand.getInt() < launch->getNumOperands())
          values.push_back(launch->getOperand(operand.getInt()));
    return values;
  }

  void copy(const Place &to, const Place &from, int64_t bytes) {
    need(from, bytes, Device);
    plan.steps.push_back({DeviceStep::Copy, 0, {}, to, from, bytes});
    written(to, bytes, Device);
  }

  llvm::Error checkInputs() {
    for (const Launched &one : order) {
      if (!one.launch)
        continue;
      SmallVector<Value> values = checked(one.launch);
      bool early = !values.empty();
      SmallVector<std::pair<Place, int64_t>> places;
      for (Value value : values) {
        llvm::Expected<Place> place = one.frame->placeOf(value);
        if (!place)
          return place.takeError();
        early &= place->base == Place::Input || place->base == Place::Weights;
        places.push_back({*place, bytesOf(value)});
      }
      if (!early)
        continue;
      for (auto [place, bytes] : places)
        need(place, bytes, Host);
      onHost({one.launch, true, one.frame});
      done.insert(&one);
    }
    return llvm::Error::success();
  }

  llvm::Error add(const Launched &one) {
    LaunchOp launch = one.launch;
    auto number = numbers.find(launch.getKernel());
    Side side = number == numbers.end() ? Host : Device;
    bool empty = llvm::all_of(launch->getResults(), [](Value v) { return bytesOf(v) == 0; });
    std::vector<Place> places;
    for (Value value : llvm::concat<Value>(SmallVector<Value>(launch->getOperands()), SmallVector<Value>(launch->getResults()))) {
      llvm::Expected<Place> place = one.frame->placeOf(value);
      if (!place)
        return place.takeError();
      places.push_back(*place);
    }
    if (!done.contains(&one) && !checked(launch).empty()) {
      for (Value value : checked(launch)) {
        llvm::Expected<Place> place = one.frame->placeOf(value);
        if (!place)
          return place.takeError();
        need(*place, bytesOf(value), Host);
      }
      onHost({launch, true, one.frame});
    }
    if (empty)
      return llvm::Error::success();
    size_t operands = launch->getNumOperands();
    for (size_t i = 0; i < operands; ++i)
      need(places[i], bytesOf(launch->getOperand(i)), side);
    auto zero = launch->getAttrOfType<DenseI64ArrayAttr>("zero");
    for (int64_t result : zero &&side == Device ? zero.asArrayRef() : ArrayRef<int64_t>()) {
      note(places[operands + result], bytesOf(launch->getResult(result)), Device);
      plan.steps.push_back(
          {DeviceStep::Zero, 0, {}, places[operands + result], {}, bytesOf(launch->getResult(result)), {}, namesOf(launch)});
    }
    if (side == Device)
      plan.steps.push_back({DeviceStep::Launch, number->second, places, {}, {}, 0, {}, namesOf(launch)});
    else
      onHost({launch, false, one.frame});
    for (size_t i = operands; i < places.size(); ++i)
      written(places[i], bytesOf(launch->getResult(i - operands)), side);
    return llvm::Error::success();
  }

  llvm::Error finishOutputs() {
    Operation *terminator = planned.getBody().front().getTerminator();
    for (unsigned i : resultsTiedLast(planned)) {
      Value value = terminator->getOperand(i);
      int64_t bytes = bytesOf(value);
      llvm::Expected<Place> place = placeOf(planned, value);
      if (!place)
        return place.takeError();
      Place output{Place::Output, i, 0};
      if (bytes == 0)
        continue;
      if (!(*place == output)) {
        copy(output, *place, bytes);
      } else if (valid[Host][bufferOf(output)].missing(0, bytes).empty() &&
                 !valid[Device][bufferOf(output)].missing(0, bytes).empty()) {
        plan.outputSides[i] |= KILN_SIDE_HOST | KILN_SIDE_HOST_LAST;
      } else {
        need(output, bytes, Device);
      }
    }
    return llvm::Error::success();
  }

  func::FuncOp planned;
  llvm::StringMap<size_t> numbers; ///< of the kernels that run on the device
  std::map<Buffer, Ranges> valid[2];
  std::vector<Launched> order;
  llvm::DenseSet<const Launched *> done; ///< checked at the start
  DevicePlan plan;
};
} // namespace

llvm::Expected<DevicePlan> planDevice(func::FuncOp planned, ArrayRef<DeviceKernel> kernels) {
  return Planner(planned, kernels).make();
}
} // namespace kiln::codegen

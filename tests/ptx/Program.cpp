//===- Program.cpp - a kernel made ready to run -------------------------------------------------------------------===//
#include "Program.h"
#include <cstdlib>
#include <cstring>

namespace ptx {
namespace {
std::vector<std::string> parts(const std::string &list, char at) {
  std::vector<std::string> result(1);
  for (char c : list)
    if (c == at)
      result.emplace_back();
    else if (c != ' ' && c != '{' && c != '}')
      result.back() += c;
  return result;
}

std::string joined(const std::vector<std::string> &opcode) {
  std::string result;
  for (const std::string &part : opcode)
    result += (result.empty() ? "" : ".") + part;
  return result;
}

bool isNumber(const std::string &operand) {
  return !operand.empty() && (isdigit(static_cast<unsigned char>(operand[0])) || (operand[0] == '-' && operand.size() > 1));
}

uint64_t numberOf(const std::string &operand) {
  if (operand.size() > 2 && operand[0] == '0' && strchr("fFdD", operand[1]))
    return std::strtoull(operand.c_str() + 2, nullptr, 16);
  if (operand[0] == '-')
    return ~std::strtoull(operand.c_str() + 1, nullptr, 0) + 1;
  return std::strtoull(operand.c_str(), nullptr, 0);
}

const std::map<std::string, Filled::Kind> &specials() {
  static const std::map<std::string, Filled::Kind> names = {{"%tid", Filled::Tid},     {"%ntid", Filled::Ntid},
                                                            {"%ctaid", Filled::Ctaid}, {"%nctaid", Filled::Nctaid},
                                                            {"%laneid", Filled::Lane}, {"%warpid", Filled::Warp}};
  return names;
}
} // namespace

int Program::read(const std::string &operand) {
  auto known = names.find(operand);
  if (known != names.end()) {
    used[known->second] = true;
    return known->second;
  }
  int index = names[operand] = registers++;
  used[index] = true;
  size_t dot = operand.find('.');
  auto special = specials().find(operand.substr(0, dot));
  if (isNumber(operand))
    filled[index] = {Filled::Immediate, 0, numberOf(operand), ""};
  else if (special != specials().end())
    filled[index] = {special->second, dot == std::string::npos ? 0 : operand[dot + 1] - 'x', 0, ""};
  else if (operand[0] != '%' && !kernel.registers.count(operand))
    filled[index] = {Filled::Symbol, 0, 0, operand};
  else if (kernel.code.empty())
    throw Error("no code");
  else {
    bool symbol = false; // a local array's name may begin with %
    for (const Array &array : kernel.arrays)
      symbol |= array.name == operand;
    if (symbol)
      filled[index] = {Filled::Symbol, 0, 0, operand};
  }
  return index;
}

int Program::write(const std::string &operand) {
  if (operand == "_")
    return -1;
  if (operand.empty() || (operand[0] != '%' && !kernel.registers.count(operand)))
    throw Error("'" + operand + "' is no register");
  auto known = names.find(operand);
  int index = known != names.end() ? known->second : names[operand] = registers++;
  written[index] = true;
  return index;
}

/// ld and st, and their spaces, types and vectors.
void Program::decodeAccess(Instruction &instruction) {
  const Statement &statement = *instruction.statement;
  bool load = statement.opcode[0] == "ld";
  size_t count = 1;
  instruction.strict = true;
  static const std::map<std::string, Space> spaces = {{"param", Space::Parameter},
                                                      {"global", Space::Global},
                                                      {"shared", Space::Shared},
                                                      {"local", Space::Local},
                                                      {"const", Space::Constant}};
  for (size_t i = 1; i < statement.opcode.size(); ++i) {
    const std::string &word = statement.opcode[i];
    auto space = spaces.find(word);
    if (space != spaces.end())
      instruction.space = space->second;
    else if (word == "v2" || word == "v4")
      count = static_cast<size_t>(word[1] - '0');
    else if (word == "nc")
      instruction.constant = true;
    else if (uint32_t size = sizeOfType(word))
      instruction.bytes = size, instruction.isSigned = word[0] == 's';
    else if (word != "volatile" && word != "weak" && word != "ca" && word != "cg" && word != "cs")
      throw Error("unknown opcode '" + joined(statement.opcode) + "'");
  }
  const std::string &place = statement.operands[load ? 1 : 0], &values = statement.operands[load ? 0 : 1];
  if (place.size() < 3 || place[0] != '[' || place.back() != ']')
    throw Error("'" + place + "' is no address");
  std::string address = place.substr(1, place.size() - 2);
  size_t plus = address.find('+');
  if (plus != std::string::npos) {
    instruction.offset = static_cast<int64_t>(numberOf(parts(address.substr(plus + 1), ' ').back()));
    address = address.substr(0, plus);
  }
  address = parts(address, '\n')[0];
  if (instruction.space == Space::Parameter) {
    const Parameter *found = nullptr;
    for (const Parameter &parameter : kernel.parameters)
      found = parameter.name == address ? &parameter : found;
    if (found == nullptr || instruction.offset < 0 || instruction.offset + instruction.bytes * count > found->size)
      throw Error("'" + place + "' is no parameter");
    address = std::to_string(found->offset);
  }
  instruction.from.push_back(read(address));
  std::vector<std::string> list = parts(values, ',');
  if (list.size() != count || instruction.bytes == 0)
    throw Error("'" + statement.text + "': expected " + std::to_string(count) + " registers and a type");
  for (const std::string &value : list)
    load ? instruction.to.push_back(write(value)) : instruction.from.push_back(read(value));
  instruction.action = load ? loadAction : storeAction;
}

void Program::decode(const Statement &statement) {
  Instruction instruction;
  instruction.statement = &statement;
  const std::vector<std::string> &opcode = statement.opcode, &operands = statement.operands;
  if (!statement.guard.empty())
    instruction.guard = read(statement.guard);
  instruction.negated = statement.negated;
  const std::string &name = opcode[0];
  if (name == "ret" || name == "exit") {
    instruction.flow = Flow::Exit;
  } else if (name == "bra") {
    instruction.flow = Flow::Branch;
    auto label = kernel.labels.find(operands.at(0));
    if (label == kernel.labels.end())
      throw Error("no label '" + operands[0] + "'");
    instruction.target = static_cast<int>(label->second);
  } else if ((name == "bar" || name == "barrier") && opcode.size() > 1 && (opcode[1] == "sync" || opcode[1] == "cta") &&
             operands.size() == 1) {
    instruction.flow = Flow::Barrier;
  } else if (name == "trap") {
    instruction.action = trapAction;
  } else if (name == "ld" || name == "st") {
    decodeAccess(instruction);
  } else if (name == "mov" && (operands.at(0)[0] == '{' || operands.at(1)[0] == '{')) {
    bool pack = operands[1][0] == '{';
    for (const std::string &part : parts(operands[pack ? 1 : 0], ','))
      pack ? instruction.from.push_back(read(part)) : instruction.to.push_back(write(part));
    pack ? instruction.to.push_back(write(operands[0])) : instruction.from.push_back(read(operands[1]));
    instruction.bytes = sizeOfType(opcode.back()) / static_cast<unsigned>(pack ? instruction.from.size() : instruction.to.size());
    instruction.action = pack ? packAction : unpackAction;
  } else {
    static const std::map<std::string, int64_t> windows = {{"shared", 0x100000000000}, {"local", 0x200000000000}};
    std::vector<std::string> plain = opcode;
    std::string offset;
    if (name == "cvta") { // only shared and local memory stand elsewhere among generic addresses
      bool to = opcode[1] == "to";
      auto window = windows.find(opcode[to ? 2 : 1]);
      if (window != windows.end())
        offset = std::to_string(to ? -window->second : window->second);
      plain = offset.empty() ? std::vector<std::string>{"mov", "u64"} : std::vector<std::string>{"add", "s64"};
    }
    for (Action (*family)(const std::vector<std::string> &) :
         {integerAction, floatAction, choiceAction, conversionAction, shuffleAction})
      instruction.action = instruction.action ? instruction.action : family(plain);
    instruction.selects = name == "selp";
    instruction.strict = name == "shfl";
    if (instruction.action == nullptr)
      throw Error("unknown opcode '" + joined(opcode) + "'");
    for (const std::string &result : parts(operands.at(0), '|'))
      instruction.to.push_back(write(result));
    for (size_t i = 1; i < operands.size(); ++i)
      instruction.from.push_back(read(operands[i]));
    if (!offset.empty())
      instruction.from.push_back(read(offset));
    instruction.from.resize(std::max<size_t>(instruction.from.size(), 1));
  }
  code.push_back(std::move(instruction));
}

Program::Program(const Kernel &kernel) : kernel(kernel) {
  for (const Statement &statement : kernel.code)
    try {
      decode(statement);
    } catch (const Error &error) {
      throw Error("kernel " + kernel.name + ", '" + statement.text + "': " + error.what());
    } catch (const std::exception &) {
      throw Error("kernel " + kernel.name + ", '" + statement.text + "': too few operands");
    }
  for (const auto &[name, index] : names)
    if (used.count(index) && !written.count(index) && !filled.count(index))
      throw Error("kernel " + kernel.name + ": register " + name + " is read but never written");
  watch();
}

} // namespace ptx

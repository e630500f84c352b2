//===- Module.cpp - PTX text, read ------------------------------------------------------------------------------===//
#include "Module.h"
#include <cctype>
#include <cstdlib>
#include <sstream>

namespace ptx {
namespace {
std::string withoutComments(const std::string &text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "//") == 0)
      i = std::min(text.find('\n', i), text.size());
    else if (text.compare(i, 2, "/*") == 0)
      i = std::min(text.find("*/", i), text.size() - 2) + 2;
    if (i < text.size())
      result += text[i];
  }
  return result;
}

/// Of a module of one kernel.
std::vector<Argument> argumentsOf(const std::string &text) {
  constexpr const char *start = "// arguments ";
  std::vector<Argument> found;
  size_t at = text.find(start);
  if (at == std::string::npos)
    return found;
  std::istringstream words(text.substr(at + std::char_traits<char>::length(start), text.find('\n', at) - at));
  std::string kind;
  for (uint64_t bytes = 0; words >> bytes >> kind;)
    found.push_back({bytes, kind == "w"});
  return found;
}

std::string trimmed(const std::string &text) {
  std::string result;
  for (char c : text) // one space between words
    if (!std::isspace(static_cast<unsigned char>(c)))
      result += c;
    else if (!result.empty() && result.back() != ' ')
      result += ' ';
  if (!result.empty() && result.back() == ' ')
    result.pop_back();
  return result;
}

std::vector<std::string> split(const std::string &text, char at) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : text) {
    depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    if (c == at && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  for (std::string &part : parts)
    part = trimmed(part);
  return parts;
}

bool isDirective(const std::string &statement, const char *name) { return statement.rfind(name, 0) == 0; }

/// `.shared .align 4 .b8 name[64]`, `.const .align 4 .b8 name[3] = {1, 2, 3}`
Array parseArray(const std::string &declaration) {
  Array array{"", "", 1, 1, {}};
  array.external = declaration.find(".extern") != std::string::npos;
  std::vector<std::string> words = split(declaration.substr(0, declaration.find('=')), ' ');
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string &word = words[i];
    if (word == ".shared" || word == ".local" || word == ".const" || word == ".global")
      array.space = word.substr(1);
    else if (word == ".align" && i + 1 < words.size())
      array.alignment = std::strtoull(words[++i].c_str(), nullptr, 10);
    else if (word[0] == '.' && sizeOfType(word.substr(1)))
      array.size = sizeOfType(word.substr(1));
    else if (word[0] != '.' && !word.empty())
      array.name = word;
  }
  size_t bracket = array.name.find('[');
  uint64_t element = array.size;
  if (bracket != std::string::npos) {
    array.size *= std::strtoull(array.name.c_str() + bracket + 1, nullptr, 10);
    array.name.resize(bracket);
  }
  size_t values = declaration.find('{');
  if (values != std::string::npos) {
    for (const std::string &value : split(declaration.substr(values + 1, declaration.find('}') - values - 1), ',')) {
      uint64_t number = std::strtoull(value.c_str(), nullptr, 0);
      for (uint64_t byte = 0; byte < element; ++byte)
        array.bytes.push_back(static_cast<uint8_t>(number >> 8 * byte));
    }
    array.bytes.resize(array.size);
  }
  return array;
}

void parseParameters(const std::string &list, Kernel &kernel) {
  if (trimmed(list).empty())
    return;
  for (const std::string &declaration : split(list, ',')) {
    Parameter parameter{"", 0, 0};
    uint32_t alignment = 0;
    std::vector<std::string> words = split(declaration, ' ');
    for (size_t i = 0; i < words.size(); ++i)
      if (words[i][0] != '.')
        parameter.name = i && words[i - 1] == ".align" ? parameter.name : words[i];
      else if (uint32_t size = sizeOfType(words[i].substr(1)))
        parameter.size = alignment = size;
    size_t bracket = parameter.name.find('[');
    if (bracket != std::string::npos) {
      parameter.size *= static_cast<uint32_t>(std::strtoul(parameter.name.c_str() + bracket + 1, nullptr, 10));
      parameter.name.resize(bracket);
    }
    if (parameter.name.empty() || parameter.size == 0)
      throw Error("parameter '" + declaration + "' has no name or no size");
    parameter.offset = (kernel.parameterBytes + alignment - 1) / alignment * alignment;
    kernel.parameterBytes = parameter.offset + parameter.size;
    kernel.parameters.push_back(parameter);
  }
}

Statement parseStatement(const std::string &text) {
  Statement statement;
  statement.text = text;
  std::string rest = text;
  if (rest[0] == '@') {
    size_t space = rest.find(' ');
    statement.negated = rest[1] == '!';
    statement.guard = rest.substr(1 + statement.negated, space - 1 - statement.negated);
    rest = trimmed(rest.substr(space + 1));
  }
  size_t space = std::min(rest.find(' '), rest.size());
  statement.opcode = split(rest.substr(0, space), '.');
  if (space < rest.size())
    statement.operands = split(rest.substr(space + 1), ',');
  return statement;
}

void parseBody(const std::string &body, Kernel &kernel) {
  std::string pending;
  for (size_t i = 0; i < body.size(); ++i) {
    char c = body[i];
    bool start = pending.find_first_not_of(" \t\r\n") == std::string::npos;
    if (start && (c == '{' || c == '}'))
      continue; // a scope: names in it are unique in what compilers write
    if (c == ':' && body.compare(i, 2, "::") != 0 && (i == 0 || body[i - 1] != ':')) {
      kernel.labels[trimmed(pending)] = kernel.code.size();
      pending.clear();
    } else if (c == ';') {
      std::string statement = trimmed(pending);
      pending.clear();
      if (isDirective(statement, ".reg")) // of inline assembly, too, whose names need no %
        for (const std::string &name : split(statement.substr(statement.find(' ', statement.find(' ') + 1) + 1), ','))
          kernel.registers.insert(name);
      if (statement.empty() || isDirective(statement, ".reg") || isDirective(statement, ".pragma") ||
          isDirective(statement, ".loc "))
        continue;
      if (statement[0] == '.')
        kernel.arrays.push_back(parseArray(statement));
      else
        kernel.code.push_back(parseStatement(statement));
    } else {
      pending += c;
    }
  }
  if (!trimmed(pending).empty())
    throw Error("kernel " + kernel.name + " ends in the middle of '" + trimmed(pending) + "'");
}

size_t closing(const std::string &text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    depth += (text[i] == '{') - (text[i] == '}');
    if (depth == 0)
      return i;
  }
  throw Error("a kernel's body is not closed");
}
} // namespace

uint32_t sizeOfType(const std::string &type) {
  if (type == "pred")
    return 1;
  if (type.size() < 2 || std::string("bsuf").find(type[0]) == std::string::npos)
    return 0;
  std::string bits = type.substr(1);
  return bits == "8" ? 1 : bits == "16" ? 2 : bits == "32" ? 4 : bits == "64" ? 8 : 0;
}

Module parse(const std::string &given) {
  std::string text = withoutComments(given);
  Module module;
  std::vector<Array> shared;
  size_t at = 0;
  while (at < text.size()) {
    size_t line = text.find_first_not_of(" \t\r\n", at);
    if (line == std::string::npos)
      break;
    size_t end = text.find_first_of(";\n", line);
    std::string statement = trimmed(text.substr(line, end - line));
    if (isDirective(statement, ".version"))
      module.version = statement.substr(9);
    else if (isDirective(statement, ".target"))
      module.target = statement.substr(8);
    else if (statement.find(".entry") != std::string::npos) {
      size_t name = text.find(".entry", line) + 6, open = text.find('(', name), close = text.find(')', open);
      size_t brace = text.find('{', close), last = closing(text, brace == std::string::npos ? text.size() : brace);
      if (open == std::string::npos || close == std::string::npos || brace == std::string::npos)
        throw Error("'" + statement + "': expected (parameters) and a body");
      Kernel kernel;
      kernel.name = trimmed(text.substr(name, open - name));
      parseParameters(text.substr(open + 1, close - open - 1), kernel);
      kernel.arguments = argumentsOf(given);
      if (!kernel.arguments.empty() && kernel.arguments.size() != kernel.parameters.size())
        throw Error("kernel " + kernel.name + " has " + std::to_string(kernel.parameters.size()) +
                    " parameters: its comment tells of " + std::to_string(kernel.arguments.size()));
      std::string directives = trimmed(text.substr(close + 1, brace - close - 1));
      size_t threads = directives.find(".maxntid");
      if (threads != std::string::npos) {
        kernel.maxThreads = 1;
        for (const std::string &size : split(directives.substr(threads + 8, directives.find('.', threads + 1) - threads - 8), ','))
          kernel.maxThreads *= std::strtoull(size.c_str(), nullptr, 10);
      }
      kernel.arrays = shared;
      parseBody(text.substr(brace + 1, last - brace - 1), kernel);
      module.kernels[kernel.name] = kernel;
      end = last;
    } else if (isDirective(statement, ".address_size") || isDirective(statement, ".file")) {
    } else if (statement.find(".shared") != std::string::npos || statement.find(".const") != std::string::npos) {
      end = text.find(';', line);
      shared.push_back(parseArray(trimmed(text.substr(line, end - line))));
    } else {
      throw Error("'" + statement.substr(0, 100) + "': expected a directive or a kernel");
    }
    at = end == std::string::npos ? text.size() : end + 1;
  }
  if (module.version.empty() || module.target.empty())
    throw Error("expected PTX text with .version and .target");
  return module;
}

} // namespace ptx

#ifndef KILN_TOOLS_COMPARESCRIPT_H
#define KILN_TOOLS_COMPARESCRIPT_H
namespace kiln::tools {
/// A Python program. Its argument: a JSON file {model, tolerance, inputs: {name: npy file}, values: [{name, layer, op, file}]}.
extern const char *const compareScript;
} // namespace kiln::tools
#endif

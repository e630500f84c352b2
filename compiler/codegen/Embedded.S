/* Files that the compiler carries: the runtime's archives for each target, and the header of their interface. They stand in a
 * folder that the build makes (CMakeLists.txt); an archive that was not built is empty. */
.macro embed name, path
  .globl \name, \name\()_end
  .hidden \name, \name\()_end
\name:
  .incbin "\path"
\name\()_end:
  .byte 0
.endm
  .section .rodata
embed kiln_embedded_header, kiln.h
embed kiln_embedded_runtime, runtime.a
embed kiln_embedded_main, main.a
embed kiln_embedded_train, train.a
embed kiln_embedded_jansson, jansson.a
embed kiln_embedded_minizip, minizip.a
embed kiln_embedded_zlib, zlib.a
embed kiln_embedded_runtime_aarch64, runtime-aarch64.a
embed kiln_embedded_main_aarch64, main-aarch64.a
  .section .note.GNU-stack, "", %progbits

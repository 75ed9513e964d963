// The same function compiled for wider vectors too, chosen when the program starts.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_WIDER_VECTORS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_WIDER_VECTORS_H_

// Sanitizers do not run as early as the choice is made.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define PLUMB_FOR_WIDER_VECTORS __attribute__((target_clones("avx512f", "avx2,fma", "default")))
#else
#define PLUMB_FOR_WIDER_VECTORS
#endif
// Part of such functions: what they call must be compiled for the same vectors.
#define PLUMB_WITHIN_VECTORS __attribute__((always_inline)) inline

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_WIDER_VECTORS_H_

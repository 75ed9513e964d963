// CUDA's and HIP's words for what the kernels need.
#define PLUMB_KERNEL 1
#define VECTORS 0
#define KERNEL extern "C" __global__
#define INLINE static __device__ __forceinline__
#define GLOBAL
#define LOCAL __shared__
#define LOCAL_POINTER
#define RESTRICT __restrict__
#define BARRIER() __syncthreads()
#define GLOBAL_ID (blockIdx.x * blockDim.x + threadIdx.x)
#define GROUP_ID_X (blockIdx.x)
#define GROUP_ID_Y (blockIdx.y)
#define GROUP_ID_Z (blockIdx.z)
#define LOCAL_ID_X (threadIdx.x)
#define LOCAL_ID_Y (threadIdx.y)
#define MATH(function) function##f
#ifndef INFINITY
#define INFINITY __int_as_float(0x7f800000)
#endif
typedef unsigned int u32;
typedef int i32;
typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef unsigned long long u64;
typedef long long i64;

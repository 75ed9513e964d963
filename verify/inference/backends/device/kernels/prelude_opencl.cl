// OpenCL C's words for what the kernels need. VECTORS is 1 on CPUs, where a work item is a thread's whole task.
#define PLUMB_KERNEL 1
#pragma OPENCL FP_CONTRACT ON
#define KERNEL __kernel
#define INLINE static inline
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_POINTER __local
#define RESTRICT restrict
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define GLOBAL_ID ((u32)get_global_id(0))
#define GROUP_ID_X ((u32)get_group_id(0))
#define GROUP_ID_Y ((u32)get_group_id(1))
#define GROUP_ID_Z ((u32)get_group_id(2))
#define LOCAL_ID_X ((u32)get_local_id(0))
#define LOCAL_ID_Y ((u32)get_local_id(1))
#define MATH(function) function
typedef uint u32;
typedef int i32;
typedef uchar u8;
typedef char i8;
typedef ushort u16;
typedef ulong u64;
typedef long i64;

// Takes from this program all that computing does not need.
#ifndef PLUMB_FORMATS_HDF5_HELPER_LOCKDOWN_H_
#define PLUMB_FORMATS_HDF5_HELPER_LOCKDOWN_H_

namespace plumb::hdf5 {

// Limits of memory and time; no new files, processes or privileges; ends with the process that started it.
void LimitResources();
// From here on only reading and writing open files, memory and ending are allowed. Opening a file fails; every other
// system call ends the program with SIGSYS. False where the kernel or the processor has no such filter.
bool AllowOnlyComputing();

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_LOCKDOWN_H_

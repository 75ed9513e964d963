#include "formats/hdf5/helper/element_type.h"

#include <cstring>

#include "formats/hdf5/helper/handle.h"

namespace plumb::hdf5 {
namespace {

// Numbers that fill their bytes, without offset or padding bits.
bool FillsItsBytes(hid_t type) { return H5Tget_precision(type) == 8 * H5Tget_size(type) && H5Tget_offset(type) == 0; }

std::optional<Element> IntegerOf(hid_t type) {
  if (!FillsItsBytes(type)) return std::nullopt;
  const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  switch (H5Tget_size(type)) {
    case 1:
      return is_signed ? Element::kI8 : Element::kU8;
    case 2:
      return is_signed ? Element::kI16 : Element::kU16;
    case 4:
      return is_signed ? Element::kI32 : Element::kU32;
    case 8:
      return is_signed ? Element::kI64 : Element::kU64;
    default:
      return std::nullopt;
  }
}

// IEEE 754's binary formats, and the upper half of binary32.
std::optional<Element> RealOf(hid_t type) {
  struct Known {
    size_t bytes, exponent_bits, mantissa_bits, bias;
    Element element;
  };
  static constexpr Known kKnown[] = {{2, 5, 10, 15, Element::kF16},
                                     {2, 8, 7, 127, Element::kBF16},
                                     {4, 8, 23, 127, Element::kF32},
                                     {8, 11, 52, 1023, Element::kF64}};
  size_t sign = 0, exponent = 0, exponent_bits = 0, mantissa = 0, mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits) < 0) return std::nullopt;
  if (!FillsItsBytes(type) || H5Tget_norm(type) != H5T_NORM_IMPLIED) return std::nullopt;
  for (const Known& known : kKnown) {
    if (known.bytes == H5Tget_size(type) && exponent_bits == known.exponent_bits && mantissa == 0 &&
        mantissa_bits == known.mantissa_bits && exponent == mantissa_bits && sign == exponent + exponent_bits &&
        H5Tget_ebias(type) == known.bias) {
      return known.element;
    }
  }
  return std::nullopt;
}

bool MemberNamed(hid_t type, unsigned index, const char* wanted) {
  char* name = H5Tget_member_name(type, index);
  const bool same = name != nullptr && std::strcmp(name, wanted) == 0;
  H5free_memory(name);
  return same;
}

// As h5py stores bools: an enumeration of FALSE = 0 and TRUE = 1 in one byte.
bool IsBool(hid_t type) {
  if (H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  unsigned char no = 1, yes = 0;
  H5Tget_member_value(type, 0, &no);
  H5Tget_member_value(type, 1, &yes);
  return no == 0 && yes == 1 && MemberNamed(type, 0, "FALSE") && MemberNamed(type, 1, "TRUE");
}

// As h5py stores complex numbers: a compound of r and i.
std::optional<ElementType> ComplexOf(hid_t type) {
  if (H5Tget_nmembers(type) != 2 || !MemberNamed(type, 0, "r") || !MemberNamed(type, 1, "i")) return std::nullopt;
  Handle real(H5Tget_member_type(type, 0)), imaginary(H5Tget_member_type(type, 1));
  const size_t half = H5Tget_size(real.get());
  if (H5Tequal(real.get(), imaginary.get()) <= 0 || H5Tget_class(real.get()) != H5T_FLOAT) return std::nullopt;
  if (H5Tget_size(type) != 2 * half || H5Tget_member_offset(type, 0) != 0 || H5Tget_member_offset(type, 1) != half) {
    return std::nullopt;
  }
  const std::optional<Element> element = RealOf(real.get());
  const bool big_endian = H5Tget_order(real.get()) == H5T_ORDER_BE;
  if (element == Element::kF32) return ElementType{Element::kC64, big_endian};
  if (element == Element::kF64) return ElementType{Element::kC128, big_endian};
  return std::nullopt;
}

std::optional<ElementType> NumberOf(hid_t type, std::optional<Element> element) {
  const H5T_order_t order = H5Tget_order(type);
  const bool known = order == H5T_ORDER_LE || order == H5T_ORDER_BE || H5Tget_size(type) == 1;
  if (!element || !known) return std::nullopt;
  return ElementType{*element, order == H5T_ORDER_BE};
}

}  // namespace

std::optional<ElementType> ElementTypeOf(hid_t type, std::string_view stated, std::string* why) {
  std::optional<ElementType> found;
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      found = NumberOf(type, IntegerOf(type));
      *why = "is of integers that do not fill their bytes";
      break;
    case H5T_FLOAT:
      found = NumberOf(type, RealOf(type));
      *why = "is of reals that are none of IEEE 754's";
      break;
    case H5T_ENUM:
      if (IsBool(type)) found = ElementType{Element::kBool};
      *why = "is of an enumeration";
      break;
    case H5T_COMPOUND:
      found = ComplexOf(type);
      *why = "is of structures";
      break;
    case H5T_OPAQUE:
      if (H5Tget_size(type) == 2 && stated == "bfloat16") found = ElementType{Element::kBF16};
      *why = "is of bytes without a meaning";
      break;
    case H5T_STRING:
      *why = "holds texts";
      break;
    case H5T_REFERENCE:
      *why = "holds references";
      break;
    default:
      *why = "is of a type that is no number";
  }
  return found;
}

}  // namespace plumb::hdf5

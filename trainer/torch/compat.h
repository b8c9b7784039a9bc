// compat.h lets the C++ file of github.com/sugarme/gotch/libtch v0.9.1, written for libtorch 2.1, compile against
// libtorch 1.13 (Debian 12) and every 2.x. It is force-included (g++ -include compat.h, C++20); setup.sh does that.
//
// gotch calls about 2,500 libtorch functions. ABSENT declares one that some libtorch lacks, or has with other
// arguments, as a function that throws; gotch hands the exception to Go as an ordinary error. AnomNet calls none of them.
//
// Each stub is a template over parameters of type any, the worst match there is: between two equally good calls C++
// prefers the real function to a template, so a stub is taken only where no real function fits, and one list can serve
// releases that differ. The lists come from g++'s errors (-fmax-errors=0) against 1.13.1, 2.6 and 2.14.
#pragma once
#ifdef __cplusplus
#include <ATen/autocast_mode.h>
#include <stdexcept>
#include <string>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/jit/passes/fixup_trace_scope_blocks.h>
#include <torch/csrc/jit/passes/normalize_ops.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/script.h>
#include <torch/torch.h>
#include <torch/version.h>
#include <tuple>
#include <vector>

namespace anomnet_compat {
using tensor = at::Tensor;
using int64 = int64_t;
using nothing = void;

template <size_t n, class... ts> struct tuple_of : tuple_of<n - 1, tensor, ts...> {};
template <class... ts> struct tuple_of<0, ts...> { using type = std::tuple<ts...>; };
template <size_t n> using tensors = typename tuple_of<n>::type;

struct any {
  template <class T> any(T &&) {}
};

template <class T = tensor> [[noreturn]] T absent(const char *name) {
  throw std::runtime_error(std::string("this libtorch has no ") + name + " with the arguments gotch gives it");
}
} // namespace anomnet_compat

#define ANY_1 anomnet_compat::any
#define ANY_2 ANY_1, ANY_1
#define ANY_3 ANY_2, ANY_1
#define ANY_4 ANY_3, ANY_1
#define ANY_5 ANY_4, ANY_1
#define ANY_6 ANY_5, ANY_1
#define ANY_7 ANY_6, ANY_1
#define ANY_8 ANY_7, ANY_1
#define ANY_9 ANY_8, ANY_1
#define ANY_10 ANY_9, ANY_1
#define ANY_11 ANY_10, ANY_1
#define ANY_12 ANY_11, ANY_1
#define ANY_13 ANY_12, ANY_1
#define ANY_14 ANY_13, ANY_1
#define ANY_15 ANY_14, ANY_1
#define ANY_16 ANY_15, ANY_1
#define ANY_17 ANY_16, ANY_1
#define ANY_18 ANY_17, ANY_1
#define ANY_19 ANY_18, ANY_1
#define ANY_20 ANY_19, ANY_1
#define ANY_21 ANY_20, ANY_1
#define ANY_22 ANY_21, ANY_1
#define ANY_23 ANY_22, ANY_1
#define ANY_24 ANY_23, ANY_1
#define ANY_25 ANY_24, ANY_1
#define ANY_26 ANY_25, ANY_1
#define ANY_27 ANY_26, ANY_1
#define ANY_28 ANY_27, ANY_1
#define ANY_29 ANY_28, ANY_1
#define ANY_30 ANY_29, ANY_1
#define ABSENT(result, name, args)                                                                                    \
  template <class = void> inline anomnet_compat::result name(ANY_##args) {                                              \
    return anomnet_compat::absent<anomnet_compat::result>(#name);                                                       \
  }
// A method cannot be added to at::Tensor, so its call becomes an expression that throws: t.METHOD -> t.dim() < 0 ? ...
#define ABSENT_METHOD(name) dim() < 0 ? at::Tensor() : anomnet_compat::absent<>(#name)

#if TORCH_VERSION_MAJOR < 2
namespace at {
ABSENT(tensor, _cslt_compress, 1)
ABSENT(tensor, _cslt_sparse_mm, 4)
ABSENT(tensors<2>, _ctc_loss_out, 8)
ABSENT(tensors<4>, _efficient_attention_backward, 18)
ABSENT(tensor, empty_permuted_out, 3)
ABSENT(tensor, _fill_mem_eff_dropout_mask_, 4)
ABSENT(tensors<3>, _flash_attention_backward, 15)
ABSENT(tensor, _functional_assert_async, 3)
ABSENT(tensor, _functional_sym_constrain_range, 4)
ABSENT(tensor, _functional_sym_constrain_range_for_size, 4)
ABSENT(int64, _fused_sdp_choice, 7)
ABSENT(tensor, _int_mm, 2)
ABSENT(tensor, _int_mm_out, 3)
ABSENT(tensor, _is_all_true, 1)
ABSENT(tensor, _is_any_true, 1)
ABSENT(tensors<6>, _lstm_mps_out, 15)
ABSENT(tensor, max_out, 2)
ABSENT(tensor, max_pool2d_backward, 7)
ABSENT(tensor, max_pool2d_backward_out, 8)
ABSENT(tensor, min_out, 2)
ABSENT(tensor, mkldnn_reorder_conv2d_weight, 6)
ABSENT(tensor, mkldnn_reorder_conv2d_weight_out, 7)
ABSENT(tensors<4>, mkldnn_rnn_layer, 16)
ABSENT(tensors<7>, mkldnn_rnn_layer_backward, 23)
ABSENT(tensors<7>, mkldnn_rnn_layer_backward_out, 30)
ABSENT(tensors<4>, mkldnn_rnn_layer_out, 20)
ABSENT(tensors<3>, _native_batch_norm_legit, 6)
ABSENT(tensors<3>, _native_batch_norm_legit, 8)
ABSENT(tensors<5>, _native_batch_norm_legit_functional, 8)
ABSENT(tensors<3>, _native_batch_norm_legit_no_training, 7)
ABSENT(tensors<3>, _native_batch_norm_legit_no_training_out, 10)
ABSENT(tensors<3>, _native_batch_norm_legit_out, 9)
ABSENT(tensors<3>, _native_batch_norm_legit_out, 11)
ABSENT(tensor, _nested_view_from_buffer, 4)
ABSENT(tensor, _nested_view_from_buffer_copy, 4)
ABSENT(tensor, _nested_view_from_buffer_copy_out, 5)
ABSENT(tensor, nonzero_static, 3)
ABSENT(tensor, nonzero_static_out, 4)
ABSENT(tensor, _prelu_kernel, 2)
ABSENT(tensors<2>, _prelu_kernel_backward, 3)
ABSENT(nothing, _propagate_xla_data, 2)
ABSENT(tensor, quantized_max_pool3d, 6)
ABSENT(tensor, quantized_max_pool3d_out, 7)
ABSENT(tensor, _reshape_copy, 2)
ABSENT(tensor, scaled_dot_product_attention, 7)
ABSENT(tensors<2>, _scaled_dot_product_attention_math, 8)
ABSENT(tensors<4>, _scaled_dot_product_efficient_attention, 8)
ABSENT(tensors<3>, _scaled_dot_product_flash_attention_backward, 15)
ABSENT(tensors<2>, _scaled_mm, 7)
ABSENT(tensors<2>, _scaled_mm_out, 9)
ABSENT(tensor, _sparse_coo_tensor_with_dims_and_tensors_out, 7)
ABSENT(tensor, _sparse_mask_projection_out, 4)
ABSENT(tensor, _sparse_mm, 3)
ABSENT(tensors<2>, _sparse_mm_reduce_impl, 3)
ABSENT(tensor, _sparse_semi_structured_linear, 5)
ABSENT(tensor, squeeze, 2)
ABSENT(tensor, squeeze_copy, 2)
ABSENT(tensor, squeeze_copy_out, 3)
ABSENT(tensor, std, 4)
ABSENT(tensors<2>, std_mean, 4)
ABSENT(tensors<2>, std_mean_out, 6)
ABSENT(tensor, std_out, 5)
ABSENT(nothing, sym_constrain_range, 3)
ABSENT(nothing, sym_constrain_range_for_size, 3)
ABSENT(tensor, _test_check_tensor, 1)
ABSENT(tensor, _test_functorch_fallback, 2)
ABSENT(tensor, _test_functorch_fallback_out, 3)
ABSENT(tensor, to_dense_backward, 3)
ABSENT(tensor, _to_dense_out, 4)
ABSENT(tensor, _to_sparse_bsc_out, 4)
ABSENT(tensor, _to_sparse_bsr_out, 4)
ABSENT(tensor, _to_sparse_csc_out, 3)
ABSENT(tensor, _to_sparse_csr_out, 3)
ABSENT(tensor, _to_sparse_out, 3)
ABSENT(tensor, _to_sparse_out, 5)
ABSENT(tensors<2>, _to_sparse_semi_structured, 1)
ABSENT(tensor, _unsafe_index, 2)
ABSENT(tensor, _unsafe_index_put, 4)
ABSENT(tensor, var, 4)
ABSENT(tensors<2>, var_mean, 4)
ABSENT(tensors<2>, var_mean_out, 6)
ABSENT(tensor, var_out, 5)
// This one takes gotch's arguments and gives five tensors for six, so the stub must be the better match.
inline anomnet_compat::tensors<6> _lstm_mps(const Tensor &, const std::vector<Tensor> &, const std::vector<Tensor> &, bool,
                                            int64_t, double, bool, bool, bool) {
  return anomnet_compat::absent<anomnet_compat::tensors<6>>("_lstm_mps");
}
} // namespace at

// Functions that make a tensor live in torch::.
namespace torch {
ABSENT(tensor, empty_permuted, 3)
ABSENT(tensor, _make_dep_token, 1)
ABSENT(tensor, sparse_coo_tensor, 4)
ABSENT(tensor, sparse_coo_tensor, 5)
ABSENT(tensor, _sparse_coo_tensor_unsafe, 5)
ABSENT(tensor, _sparse_coo_tensor_with_dims_and_tensors, 7)
} // namespace torch

#define _sparse_mask_projection(...) ABSENT_METHOD(_sparse_mask_projection)
#define _to_dense(...) ABSENT_METHOD(_to_dense)
#define _to_sparse(...) ABSENT_METHOD(_to_sparse)
#define _to_sparse_bsc(...) ABSENT_METHOD(_to_sparse_bsc)
#define _to_sparse_bsr(...) ABSENT_METHOD(_to_sparse_bsr)
#define _to_sparse_csc(...) ABSENT_METHOD(_to_sparse_csc)
#define _to_sparse_csr(...) ABSENT_METHOD(_to_sparse_csr)
#define to_dense(...) ABSENT_METHOD(to_dense)
#define to_sparse_bsc(...) ABSENT_METHOD(to_sparse_bsc)
#define to_sparse_bsr(...) ABSENT_METHOD(to_sparse_bsr)
#define to_sparse_csc(...) ABSENT_METHOD(to_sparse_csc)
#define to_sparse_csr(...) ABSENT_METHOD(to_sparse_csr)

// These two methods exist, with one of gotch's two argument lists.
namespace anomnet_compat {
inline int64_t one_dim(int64_t dim) { return dim; }
inline int64_t one_dim(at::IntArrayRef dims) { return dims.size() == 1 ? dims[0] : absent<int64_t>("squeeze_"); }
inline int64_t sparse_dim(int64_t dim) { return dim; }
inline int64_t sparse_dim(any, any, any) { return absent<int64_t>("to_sparse"); }
} // namespace anomnet_compat
#define squeeze_(...) squeeze_(__VA_OPT__(anomnet_compat::one_dim(__VA_ARGS__)))
#define to_sparse(...) to_sparse(anomnet_compat::sparse_dim(__VA_ARGS__))

#else // libtorch 2.x
namespace at {
// Removed between 2.6 and 2.14.
template <class = void> inline std::vector<Tensor> align_tensors(anomnet_compat::any) {
  return anomnet_compat::absent<std::vector<Tensor>>("align_tensors");
}
ABSENT(tensor, cholesky, 2)
ABSENT(tensor, cholesky_out, 3)
ABSENT(tensors<2>, qr, 2)
ABSENT(tensors<2>, qr_out, 4)
// Other arguments since some release between 2.1 and 2.6.
ABSENT(tensor, _cslt_sparse_mm, 4)
ABSENT(tensors<2>, _scaled_mm, 7)
ABSENT(tensors<2>, _scaled_mm_out, 9)
} // namespace at
#define align_as(...) ABSENT_METHOD(align_as)
#endif

#endif // __cplusplus

/* All kernels and their table for one instruction set. The file that includes this defines V, the lanes of a vector;
 * ACCUMULATORS, how many vectors of sums the registers hold beside operands; and TABLE, the table's name. */
#include "CKernels.h"

#include "vector.h"

#include "elementary.h"

#include "activation.h"
#include "sgd.h"
#include "distance.h"
#include "batchnorm.h"
#include "conv.h"
#include "depthwise.h"
#include "logits.h"
#include "pool.h"
#include "shortcut.h"
#include "winograd.h"
#include "winograd_convolution.h"
#include "winograd_gradient.h"
#include "joint.h"
#include "products.h"
#include "pixel_norm.h"

const struct rote_kernels TABLE = {
    .lanes = V,
    .border = border,
    .taps = taps,
    .taps_gradient = taps_gradient,
    .rows_gradient = rows_gradient,
    .transpose = transpose,
    .scale = scale,
    .gather = gather,
    .winograd_filter = winograd_filter,
    .winograd = winograd,
    .winograd_gradient = winograd_gradient,
    .winograd_filter_gradient = winograd_filter_gradient,
    .depthwise = depthwise,
    .depthwise_gradient = depthwise_gradient,
    .moments = moments,
    .merge_moments = merge_moments,
    .normalise = normalise,
    .normalise_sums = normalise_sums,
    .normalise_gradient = normalise_gradient,
    .activate = activate,
    .activate_gradient = activate_gradient,
    .add = add,
    .multiply = multiply,
    .multiply_gradient = multiply_gradient,
    .gate_gradient = gate_gradient,
    .channel_sums = channel_sums,
    .sum_of_squares = sum_of_squares,
    .squared_distance = squared_distance,
    .products = products,
    .pixel_norm = pixel_norm,
    .below = below,
    .average = average,
    .average_gradient = average_gradient,
    .shortcut = shortcut,
    .shortcut_gradient = shortcut_gradient,
    .max_pool = max_pool,
    .max_pool_gradient = max_pool_gradient,
    .average_pool = average_pool,
    .average_pool_gradient = average_pool_gradient,
    .sgd = sgd,
    .sin = sines,
    .cos = cosines,
    .exp = exponentials,
    .log = logarithms,
    .label_logits = label_logits,
    .joint_counts = joint_counts,
    .joint_reach = joint_reach,
    .joint_may_reach = joint_may_reach,
};

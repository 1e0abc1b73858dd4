---@meta moonglass
-- Generated from the bindings by `make docs`: do not edit.

---@class moonglass.Generator
---@field normal fun(self, sizes: integer[]): moonglass.Tensor
---@field uniform fun(self, sizes: integer[], low?: number, high?: number): moonglass.Tensor
---@field number fun(self, low?: number, high?: number): number
---@field integer fun(self, low: integer, high: integer): integer

---@class moonglass.Tensor
---@field shape integer[] the sizes of the axes
---@field dtype string "float32", "float64", "int32" or "bool"
---@field ndim integer the number of axes
---@field size integer the number of elements
---@operator add(moonglass.Tensor|number): moonglass.Tensor
---@operator sub(moonglass.Tensor|number): moonglass.Tensor
---@operator mul(moonglass.Tensor|number): moonglass.Tensor
---@operator div(moonglass.Tensor|number): moonglass.Tensor
---@operator pow(moonglass.Tensor|number): moonglass.Tensor
---@operator mod(moonglass.Tensor|number): moonglass.Tensor
---@operator idiv(moonglass.Tensor|number): moonglass.Tensor
---@operator unm: moonglass.Tensor
local Tensor = {}

---Zeros of the same shape and dtype.
---@return moonglass.Tensor # same shape as `x`
function Tensor:zeros_like() end

---Ones of the same shape and dtype.
---@return moonglass.Tensor # same shape as `x`
function Tensor:ones_like() end

---a + b
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:add(b) end

---a - b
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:sub(b) end

---a * b, element by element
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:mul(b) end

---a / b
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:div(b) end

---a % b: what remains of a after floor_div, with the sign of b; exact for int32. Its gradient takes the quotient for a constant.
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:mod(b) end

---a // b: the quotient, rounded down; exact for int32. Without gradient.
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:floor_div(b) end

---The angle of the point (b, a) in radians, -π…π; without gradient at (0, 0).
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:atan2(b) end

---The larger of a and b.
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:maximum(b) end

---The smaller of a and b.
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function Tensor:minimum(b) end

---a ^ b
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # the common shape
function Tensor:pow(b) end

----x
---@return moonglass.Tensor # same shape as `x`
function Tensor:neg() end

---The absolute value; its gradient at 0 is 0.
---@return moonglass.Tensor # same shape as `x`
function Tensor:abs() end

----1, 0 or 1.
---@return moonglass.Tensor # same shape as `x`
function Tensor:sign() end

---e to the power x.
---@return moonglass.Tensor # same shape as `x`
function Tensor:exp() end

---The natural logarithm.
---@return moonglass.Tensor # same shape as `x`
function Tensor:log() end

---The logarithm to base 2.
---@return moonglass.Tensor # same shape as `x`
function Tensor:log2() end

---The logarithm to base 10.
---@return moonglass.Tensor # same shape as `x`
function Tensor:log10() end

---log(1 + x), exact near 0.
---@return moonglass.Tensor # same shape as `x`
function Tensor:log1p() end

---The square root; its gradient at 0 is infinite: `norm` is safe there.
---@return moonglass.Tensor # same shape as `x`
function Tensor:sqrt() end

---x * x
---@return moonglass.Tensor # same shape as `x`
function Tensor:square() end

---1 / x
---@return moonglass.Tensor # same shape as `x`
function Tensor:reciprocal() end

---The sine, of radians.
---@return moonglass.Tensor # same shape as `x`
function Tensor:sin() end

---The cosine, of radians.
---@return moonglass.Tensor # same shape as `x`
function Tensor:cos() end

---The tangent, of radians.
---@return moonglass.Tensor # same shape as `x`
function Tensor:tan() end

---The hyperbolic tangent.
---@return moonglass.Tensor # same shape as `x`
function Tensor:tanh() end

---1 / (1 + exp(-x))
---@return moonglass.Tensor # same shape as `x`
function Tensor:sigmoid() end

---log(1 + exp(x)), evaluated without overflow.
---@return moonglass.Tensor # same shape as `x`
function Tensor:softplus() end

---max(x, 0)
---@return moonglass.Tensor # same shape as `x`
function Tensor:relu() end

---x * sigmoid(x), also called SiLU
---@return moonglass.Tensor # same shape as `x`
function Tensor:swish() end

---The largest integer not above x; without gradient.
---@return moonglass.Tensor # same shape as `x`
function Tensor:floor() end

---The nearest integer, the even one of two; without gradient.
---@return moonglass.Tensor # same shape as `x`
function Tensor:round() end

---The error function, 2/√π ∫ exp(-t²) dt from 0 to x.
---@return moonglass.Tensor # same shape as `x`
function Tensor:erf() end

---The smallest integer not below x; without gradient.
---@return moonglass.Tensor # same shape as `x`
function Tensor:ceil() end

---x where positive, slope * x elsewhere.
---@param slope? number default 0.2
---@return moonglass.Tensor # same shape as `x`
function Tensor:leaky_relu(slope) end

---Limits every element to lo … hi.
---@param lo? number lower bound; nil for none
---@param hi? number upper bound; nil for none
---@return moonglass.Tensor # same shape as `x`
function Tensor:clamp(lo, hi) end

---The same values in another dtype.
---@param dtype "float32"|"float64"|"int32"|"bool"
---@return moonglass.Tensor # same shape as `x`
function Tensor:to(dtype) end

---a < b, element by element.
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function Tensor:lt(b) end

---a <= b, element by element.
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function Tensor:le(b) end

---a > b, element by element.
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function Tensor:gt(b) end

---a >= b, element by element.
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function Tensor:ge(b) end

---a == b, element by element.
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function Tensor:eq(b) end

---a ~= b, element by element.
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function Tensor:ne(b) end

---True where x is false.
---@return moonglass.Tensor # same shape as `x`
function Tensor:logical_not() end

---True where both are.
---@param b moonglass.Tensor bool
---@return moonglass.Tensor # the common shape
function Tensor:logical_and(b) end

---True where one of them is.
---@param b moonglass.Tensor bool
---@return moonglass.Tensor # the common shape
function Tensor:logical_or(b) end

---True where x is not a number.
---@return moonglass.Tensor # bool, same shape as `x`
function Tensor:isnan() end

---True where x is a number and not infinite.
---@return moonglass.Tensor # bool, same shape as `x`
function Tensor:isfinite() end

---a where the mask is true, b elsewhere.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # the common shape
function Tensor:where(a, b) end

---The sum.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:sum(axes, keepdims) end

---The mean.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:mean(axes, keepdims) end

---The product; its gradient is right where elements are 0.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:prod(axes, keepdims) end

---The largest element; elements that tie share the gradient.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:max(axes, keepdims) end

---The smallest element; elements that tie share the gradient.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:min(axes, keepdims) end

---The variance, divided by the number of elements.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:var(axes, keepdims) end

---The standard deviation: the root of var. Its gradient where all elements are equal is 0.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:std(axes, keepdims) end

---Whether some element is true or not 0.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:any(axes, keepdims) end

---Whether every element is true or not 0.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:all(axes, keepdims) end

---The element in the middle of the order; of an even number the mean of two.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:median(axes, keepdims) end

---The number below which a share q of the elements lies, linear between neighbours in order.
---@param q number 0 smallest, 0.5 median, 1 largest
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function Tensor:quantile(q, axes, keepdims) end

---The square root of the sum of squares, or another norm; its gradient at 0 is 0.
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all
---@param keepdims? boolean keep the axes, with size 1
---@param order? number default 2; 1: sum of absolute values; math.huge: the largest; p > 0: Σ|x|^p to 1/p
---@return moonglass.Tensor # `x` without those axes
function Tensor:norm(axes, keepdims, order) end

---exp(x), divided by its sum along an axis.
---@param axis integer
---@return moonglass.Tensor # same shape as `x`
function Tensor:softmax(axis) end

---The logarithm of the sum of exp(x) along an axis, without overflow.
---@param axis integer
---@return moonglass.Tensor # `x` without that axis
function Tensor:logsumexp(axis) end

---The only element, as a Lua number.
---@return number # a number
function Tensor:item() end

---The values as nested Lua tables.
---@return any # tables as deep as `x` has axes
function Tensor:tolist() end

---The same values in another shape, row-major.
---@param sizes integer[]|integer {6, -1} or 6, -1; one -1 is worked out
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(self: moonglass.Tensor, ...: integer): moonglass.Tensor
function Tensor:reshape(sizes) end

---Puts the axes into another order.
---@param axes integer[]|integer the old axis for each new one: {1, 3, 2}
---@return moonglass.Tensor # the axes in that order
---@overload fun(self: moonglass.Tensor, ...: integer): moonglass.Tensor
function Tensor:permute(axes) end

---Swaps two axes.
---@param a? integer default the last but one
---@param b? integer default the last
---@return moonglass.Tensor # […, B, A]
function Tensor:transpose(a, b) end

---Repeats axes of size 1, and adds axes in front.
---@param sizes integer[]|integer the new sizes
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(self: moonglass.Tensor, ...: integer): moonglass.Tensor
function Tensor:broadcast_to(sizes) end

---Makes one axis of several.
---@param first? integer default 1
---@param last? integer default the last
---@return moonglass.Tensor # those axes as one
function Tensor:flatten(first, last) end

---Adds an axis of size 1.
---@param axis integer where the new axis will be
---@return moonglass.Tensor # one axis more
function Tensor:unsqueeze(axis) end

---Removes an axis of size 1.
---@param axis integer
---@return moonglass.Tensor # one axis less
function Tensor:squeeze(axis) end

---Turns the order along axes round.
---@param axes? integer|integer[] default all
---@return moonglass.Tensor # same shape as `x`
function Tensor:flip(axes) end

---Shifts along an axis; what leaves at one end comes in at the other: roll(x, 1, a) at i is x at i - 1.
---@param shift integer number of places, may be negative
---@param axis integer
---@return moonglass.Tensor # same shape as `x`
function Tensor:roll(shift, axis) end

---Turns images by quarters, from one axis towards another.
---@param quarters? integer default 1
---@param from? integer default the last but one
---@param to? integer default the last
---@return moonglass.Tensor # `x`, turned
function Tensor:rot90(quarters, from, to) end

---The lower triangle of matrices, zeros above it.
---@param k? integer the last diagonal kept; default 0, the main one
---@return moonglass.Tensor # same shape as `x`
function Tensor:tril(k) end

---The upper triangle of matrices, zeros below it.
---@param k? integer the last diagonal kept; default 0, the main one
---@return moonglass.Tensor # same shape as `x`
function Tensor:triu(k) end

---The next element minus this one, along an axis.
---@param axis integer
---@return moonglass.Tensor # `x`, one shorter there
function Tensor:diff(axis) end

---Adds elements around.
---@param widths integer|integer[][] {before, after} for each of the last axes: {{1, 1}, {2, 2}}; or one number for the last two
---@param mode? "zero"|"circular"|"reflect"|"edge" "zero" (the default), "circular", "reflect" or "edge"
---@param value? number what "zero" puts there; default 0
---@return moonglass.Tensor # `x`, larger
function Tensor:pad(widths, mode, value) end

---Cuts an axis into pieces.
---@param pieces integer|integer[] how many, of equal size; or their sizes: {2, 3}
---@param axis? integer default 1
---@return moonglass.Tensor ... # the pieces, in order
function Tensor:split(pieces, axis) end

---Copies side by side along the last axes.
---@param counts integer[]|integer {2, 3} or 2, 3: how many copies along each of the last axes
---@return moonglass.Tensor # `x`, larger
---@overload fun(self: moonglass.Tensor, ...: integer): moonglass.Tensor
function Tensor:tile(counts) end

---Takes whole slices along an axis, in any order and number.
---@param axis integer
---@param indices moonglass.Tensor|integer[] {3, 1, 1} or a tensor [K]; from 1, negative from the end
---@return moonglass.Tensor # `x`, of size K there
function Tensor:index_select(axis, indices) end

---Takes elements along an axis, each by a number of its own: y[i, j] = x[i, indices[i, j]].
---@param axis integer
---@param indices moonglass.Tensor|integer[] as many axes as `x`; other axes are broadcast; from 1, negative from the end
---@return moonglass.Tensor # the shape of `indices`, broadcast
function Tensor:gather(axis, indices) end

---Adds elements up at the places their numbers name, on zeros: the adjoint of gather.
---@param axis integer
---@param indices moonglass.Tensor|integer[] broadcasts to the shape of `x`; from 1, negative from the end
---@param size integer size of the result along the axis
---@return moonglass.Tensor # `x`, of that size there
function Tensor:scatter_add(axis, indices, size) end

---The elements in order along an axis. NaN counts as the largest.
---@param axis? integer default the last
---@param descending? boolean largest first
---@return moonglass.Tensor # same shape as `x`
function Tensor:sort(axis, descending) end

---The numbers of the elements in order along an axis; equal ones keep theirs.
---@param axis? integer default the last
---@param descending? boolean largest first
---@return moonglass.Tensor # int32, same shape as `x`, from 1
function Tensor:argsort(axis, descending) end

---The largest elements along an axis, largest first, and their numbers.
---@param count integer how many
---@param axis? integer default the last
---@param smallest? boolean the smallest instead
---@return moonglass.Tensor ... # values, and int32 numbers from 1: `x`, of size `count` there
function Tensor:topk(count, axis, smallest) end

---The number of the largest element along an axis: the first among equals.
---@param axis? integer default the last
---@param keepdims? boolean keep the axis, with size 1
---@return moonglass.Tensor # int32, `x` without that axis, from 1
function Tensor:argmax(axis, keepdims) end

---The number of the smallest element along an axis: the first among equals.
---@param axis? integer default the last
---@param keepdims? boolean keep the axis, with size 1
---@return moonglass.Tensor # int32, `x` without that axis, from 1
function Tensor:argmin(axis, keepdims) end

---The sum of each element and all before it, along an axis.
---@param axis? integer default the last
---@return moonglass.Tensor # same shape as `x`
function Tensor:cumsum(axis) end

---The product of each element and all before it, along an axis.
---@param axis? integer default the last
---@return moonglass.Tensor # same shape as `x`
function Tensor:cumprod(axis) end

---The matrix product over the last two axes; the others are broadcast.
---@param b moonglass.Tensor […, K, N]
---@return moonglass.Tensor # […, M, N]
function Tensor:matmul(b) end

---Every element of one vector times every element of another.
---@param b moonglass.Tensor [N]
---@return moonglass.Tensor # [M, N]
function Tensor:outer(b) end

---The diagonal of matrices.
---@return moonglass.Tensor # […, min(M, N)]
function Tensor:diagonal() end

---The sum of the diagonal.
---@return moonglass.Tensor # […]
function Tensor:trace() end

---Vectors as diagonal matrices.
---@return moonglass.Tensor # […, N, N]
function Tensor:diag() end

---The x with a · x = b.
---@param b moonglass.Tensor […, N, K]
---@return moonglass.Tensor # […, N, K]
function Tensor:solve(b) end

---The x with a · x = b for one triangle of a, the rest taken for zeros.
---@param b moonglass.Tensor […, N, K]
---@param upper? boolean the upper triangle; default the lower one
---@param transposed? boolean solve aᵀ · x = b instead
---@return moonglass.Tensor # […, N, K]
function Tensor:solve_triangular(b, upper, transposed) end

---The inverse; to solve a system, `solve` is faster and more exact.
---@return moonglass.Tensor # […, N, N]
function Tensor:inv() end

---The determinant; its gradient needs regular matrices.
---@return moonglass.Tensor # […]
function Tensor:det() end

---The logarithm of the determinant, without overflow; NaN where it is negative.
---@return moonglass.Tensor # […]
function Tensor:logdet() end

---The lower triangular l with l · lᵀ = a, for the symmetric part of a, positive definite.
---@return moonglass.Tensor # […, N, N]
function Tensor:cholesky() end

---Eigenvalues in rising order and orthonormal eigenvectors of the symmetric part of a: a = v · diag(w) · vᵀ. The gradient of the vectors needs distinct values.
---@return moonglass.Tensor ... # values [..., N] and vectors [..., N, N] as columns, the largest element of each positive
function Tensor:eigh() end

---Eigenvalues of the symmetric part of matrices, in rising order; differentiable at repeated ones too.
---@return moonglass.Tensor # […, N]
function Tensor:eigvalsh() end

---Thin singular value decomposition a = u · diag(s) · vᵀ, K = min(M, N). The gradient of the vectors needs distinct values above 0.
---@return moonglass.Tensor ... # u […, M, K], s […, K] in falling order, v […, N, K]
function Tensor:svd() end

---Singular values, in falling order.
---@return moonglass.Tensor # […, min(M, N)]
function Tensor:svdvals() end

---The discrete Fourier transform X[k] = Σ x[n] exp(-2πi kn/N), over the axes before the last.
---@param count? integer how many axes to transform; default 1
---@return moonglass.Tensor # same shape as `x`
function Tensor:fft(count) end

---The discrete Fourier transform x[n] = 1/N Σ X[k] exp(2πi kn/N), over the axes before the last.
---@param count? integer how many axes to transform; default 1
---@return moonglass.Tensor # same shape as `x`
function Tensor:ifft(count) end

---The discrete Fourier transform of images, over the two axes before the last.
---@return moonglass.Tensor # same shape as `x`
function Tensor:fft2() end

---The discrete Fourier transform of images, backwards, over the two axes before the last.
---@return moonglass.Tensor # same shape as `x`
function Tensor:ifft2() end

---The Fourier transform of real numbers over the last axis, the half that holds everything.
---@return moonglass.Tensor # […, N/2 + 1, 2]
function Tensor:rfft() end

---The real numbers whose rfft this is.
---@param size? integer how many the last axis had; default the even number
---@return moonglass.Tensor # […, N]
function Tensor:irfft(size) end

---The Fourier transform of real numbers over the last two axes, the half that holds everything.
---@return moonglass.Tensor # […, H, W/2 + 1, 2]
function Tensor:rfft2() end

---The real numbers whose rfft2 this is.
---@param size? integer how many the last axis had; default the even number
---@return moonglass.Tensor # […, H, W]
function Tensor:irfft2(size) end

---Moves frequency 0 from the first place to the middle.
---@param axes? integer|integer[] default all; of complex numbers all but the last: {1, 2}
---@return moonglass.Tensor # same shape as `x`
function Tensor:fftshift(axes) end

---Undoes fftshift.
---@param axes? integer|integer[] default all; of complex numbers all but the last: {1, 2}
---@return moonglass.Tensor # same shape as `x`
function Tensor:ifftshift(axes) end

---Complex numbers of a real and an imaginary part.
---@param im? moonglass.Tensor same shape; default 0
---@return moonglass.Tensor # […, 2]
function Tensor:complex(im) end

---The real parts of complex numbers.
---@return moonglass.Tensor # […]
function Tensor:real() end

---The imaginary parts of complex numbers.
---@return moonglass.Tensor # […]
function Tensor:imag() end

---The conjugates of complex numbers.
---@return moonglass.Tensor # same shape as `x`
function Tensor:conj() end

---The absolute values of complex numbers; the gradient at 0 is 0.
---@return moonglass.Tensor # […]
function Tensor:complex_abs() end

---The angles of complex numbers in radians, -π…π; without gradient at 0.
---@return moonglass.Tensor # […]
function Tensor:angle() end

---The product of complex numbers, element by element.
---@param b moonglass.Tensor […, 2]
---@return moonglass.Tensor # the common shape
function Tensor:complex_mul(b) end

---The quotient of complex numbers, element by element.
---@param b moonglass.Tensor […, 2]
---@return moonglass.Tensor # the common shape
function Tensor:complex_div(b) end

---Brings images to another size; pixels are squares, and the corners of the images agree.
---@param height integer
---@param width integer
---@param mode? "nearest"|"bilinear"|"area" default "bilinear"; "area" takes means, for smaller images
---@return moonglass.Tensor # […, height, width]
function Tensor:resize(height, width, mode) end

---The largest element of every square window.
---@param window integer rows and columns of the window
---@param stride? integer distance of windows; default the window
---@param padding? integer -∞, on each side; default 0
---@return moonglass.Tensor # […, (H + 2 padding - window) / stride + 1, …]
function Tensor:max_pool2d(window, stride, padding) end

---The mean of every square window.
---@param window integer rows and columns of the window
---@param stride? integer distance of windows; default the window
---@param padding? integer zeros, which count, on each side; default 0
---@return moonglass.Tensor # […, (H + 2 padding - window) / stride + 1, …]
function Tensor:avg_pool2d(window, stride, padding) end

---Weighs the neighbourhood of every pixel by a kernel (cross-correlation), same size.
---@param kernel moonglass.Tensor [KH, KW]
---@param mode? "zero"|"circular"|"reflect"|"edge" what lies outside: "zero" (the default), "circular", "reflect" or "edge"
---@return moonglass.Tensor # same shape as `x`
function Tensor:correlate(kernel, mode) end

---Spreads every pixel over its neighbourhood by a kernel (convolution), same size: `correlate` with the kernel turned round.
---@param kernel moonglass.Tensor [KH, KW], of odd sizes
---@param mode? "zero"|"circular"|"reflect"|"edge" what lies outside: "zero" (the default), "circular", "reflect" or "edge"
---@return moonglass.Tensor # same shape as `x`
function Tensor:convolve(kernel, mode) end

---Reads images at places between the pixels, linearly: a warp, differentiable in both.
---@param grid moonglass.Tensor [N, H', W', 2]: (x, y) of each new pixel in -1…1, edge to edge; x runs along the last axis
---@param outside? "zero"|"edge" default "zero"; "edge" repeats the edge
---@return moonglass.Tensor # [N, C, H', W']
function Tensor:grid_sample(grid, outside) end

---The derivatives of a field along its axes in space.
---@param options? table {axes = {3, 4}, spacing = 1, scheme = "central", mode = "circular"}: these are the defaults, but for axes: the last two; scheme also "forward", "backward" (staggered grids); mode is what lies outside: "circular" (periodic), "edge" (no flux), "zero", "reflect"
---@return moonglass.Tensor ... # one tensor for each axis, same shape as `x`
function Tensor:spatial_gradient(options) end

---The sum of second derivatives along the axes in space, (u[i+1] - 2 u[i] + u[i-1]) / h².
---@param options? table {axes = {3, 4}, spacing = 1, mode = "circular"}, as for `spatial_gradient`
---@return moonglass.Tensor # same shape as `x`
function Tensor:laplacian(options) end

---The periodic field of mean 0 whose laplacian this is, but for its mean. By FFT, over the last axes; the inverse of `laplacian`.
---@param count? integer how many axes; default 2
---@param spacing? number default 1
---@return moonglass.Tensor # same shape as `rhs`
function Tensor:poisson(count, spacing) end

---Slides a kernel over images (cross-correlation), with zeros around.
---@param weight moonglass.Tensor [O, C, KH, KW]
---@param stride? integer default 1
---@param padding? integer zeros on each side, default 0; for other edges use x:pad first
---@param bias? moonglass.Tensor [O]
---@return moonglass.Tensor # [N, O, (H + 2 padding - KH) / stride + 1, …]
function Tensor:conv2d(weight, stride, padding, bias) end

---Slides a kernel over signals (cross-correlation), with zeros around.
---@param weight moonglass.Tensor [O, C, K]
---@param stride? integer default 1
---@param padding? integer zeros on each side, default 0; for other edges use x:pad first
---@param bias? moonglass.Tensor [O]
---@return moonglass.Tensor # [N, O, (L + 2 padding - K) / stride + 1]
function Tensor:conv1d(weight, stride, padding, bias) end

---The adjoint of conv2d: images grow by the stride.
---@param weight moonglass.Tensor [O, C, KH, KW]
---@param stride? integer default 1
---@param padding? integer as of conv2d; default 0
---@param output_padding? integer rows and columns more, less than the stride; default 0
---@param bias? moonglass.Tensor [C]
---@return moonglass.Tensor # [N, C, (H - 1) stride - 2 padding + KH + output_padding, …]
function Tensor:conv_transpose2d(weight, stride, padding, output_padding, bias) end

---x · weightᵀ + bias.
---@param weight moonglass.Tensor [O, I]
---@param bias? moonglass.Tensor [O]
---@return moonglass.Tensor # […, O]
function Tensor:linear(weight, bias) end

---Brings the channels of each group, image by image, to mean 0 and variance 1, then scales and shifts them. One group: layer norm; as many as channels: instance norm.
---@param groups integer divides C
---@param weight? moonglass.Tensor [C]; default 1
---@param bias? moonglass.Tensor [C]; default 0
---@param epsilon? number added to the variance; default 1e-5
---@return moonglass.Tensor # same shape as `x`
function Tensor:group_norm(groups, weight, bias, epsilon) end

---x · Φ(x), with Φ the normal distribution function: x/2 (1 + erf(x/√2)).
---@param by_tanh? boolean the approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) that some networks use
---@return moonglass.Tensor # same shape as `x`
function Tensor:gelu(by_tanh) end

---The same values, taken for constants by gradients.
---@return moonglass.Tensor # same shape as `x`
function Tensor:stop_gradient() end

---@class moonglass
---@field pi number π
mg = {}

---@class moonglass.nn
mg.nn = {}

---@class moonglass.noise
mg.noise = {}

---Defines a constraint by its distance: distance(x, p) takes images [N, C, H, W] and parameters, and returns one number for each image: 0 on the set, positive elsewhere, differentiable.
---@param definition table name, distance; optional: summary, params, version, api, requires, domain, generate(count, p, rng) -> valid images, project(x, p) -> images on the set, metrics(x, p) -> { name = [N] }
---@return any # what the file returns
function mg.constraint(definition) end

---Defines a forward operator: forward(x, p) takes images [N, C, H, W] and parameters, and returns the noiseless measurement, N first.
---@param definition table name, forward; optional: summary, params, version, api, requires, domain, linear: true or function(p), adjoint(y, p, shape) -> images of that shape, noise: mg.noise.… or function(p)
---@return any # what the file returns
function mg.operator(definition) end

---Describes a whole experiment: data, constraint, networks, training, sampling.
---@param definition table the settings; docs/recipe.md lists them
---@return any # what the file returns
function mg.recipe(definition) end

---A constraint that holds where all of the given ones do: its distance is their weighted sum.
---@param constraints table { "burgers", { "total_brightness", total = 120, weight = 0.1 }, … }: names, paths or definitions; weight is 1 unless given; name and summary are optional
---@return any # a constraint
function mg.all(constraints) end

---A constraint that holds where one of the given ones does: its distance is their product.
---@param constraints table { { "symmetric", group = "up_down" }, "symmetric", … }: names, paths or definitions; name and summary are optional
---@return any # a constraint
function mg.product(constraints) end

---A forward operator that applies the given ones one after the other.
---@param ... string|table in the order they are applied: names, paths, { name, parameter = value }, or definitions
---@return any # an operator with the last one's noise
function mg.compose(...) end

---Independent normal noise: y = a + sigma z.
---@param settings table sigma: standard deviation, a number above 0 or a tensor of the shape of one measurement
---@return any # a noise model
function mg.noise.gaussian(settings) end

---Counting noise: y is Poisson(peak a + background) / peak.
---@param settings table peak: counts where a is 1; background: counts where a is 0, default 0
---@return any # a noise model
function mg.noise.poisson(settings) end

---Independent Laplace noise, of heavier tails: density exp(-|y - a| / scale) / (2 scale).
---@param settings table scale: mean absolute value, a number above 0
---@return any # a noise model
function mg.noise.laplace(settings) end

---Normal noise of known covariance, over the elements of one measurement.
---@param settings table covariance: a tensor [M, M], symmetric and positive definite; M elements in row-major order
---@return any # a noise model
function mg.noise.correlated(settings) end

---Random numbers, uniform in [0, 1).
---@param sizes integer[]|integer {2, 3}
---@param seed integer same seed, same numbers
---@return moonglass.Tensor # a float32 tensor of those sizes
---@overload fun(...: integer): moonglass.Tensor
function mg.rand(sizes, seed) end

---Random numbers, normal with mean 0 and standard deviation 1.
---@param sizes integer[]|integer {2, 3}
---@param seed integer same seed, same numbers
---@return moonglass.Tensor # a float32 tensor of those sizes
---@overload fun(...: integer): moonglass.Tensor
function mg.randn(sizes, seed) end

---A source of random numbers: the same seed gives the same ones, in the same order. It has `rng:normal(sizes)`, `rng:uniform(sizes, low, high)`, and for plain numbers `rng:number(low, high)` and `rng:integer(low, high)`.
---@param seed integer any integer
---@return moonglass.Generator # a generator, as `generate` of a plugin gets it
function mg.generator(seed) end

---A tensor of the given numbers.
---@param values any a number, or nested tables: {{1, 2}, {3, 4}}
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"; "bool" for booleans
---@return moonglass.Tensor # a tensor whose shape is the nesting
function mg.tensor(values, dtype) end

---A tensor of zeros.
---@param sizes integer[]|integer {2, 3} or 2, 3
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(...: integer): moonglass.Tensor
function mg.zeros(sizes, dtype) end

---A tensor of ones.
---@param sizes integer[]|integer {2, 3} or 2, 3
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(...: integer): moonglass.Tensor
function mg.ones(sizes, dtype) end

---A tensor of one number.
---@param sizes integer[]|integer {2, 3}
---@param value number
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(...: integer): moonglass.Tensor
function mg.full(sizes, value, dtype) end

---The numbers first, first + step, … up to and including last.
---@param first number or last alone, from 1
---@param last? number
---@param step? number default 1
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # [count]
function mg.arange(first, last, step, dtype) end

---Evenly spaced numbers, both ends included.
---@param first number
---@param last number
---@param count integer
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # [count]
function mg.linspace(first, last, count, dtype) end

---The identity matrix.
---@param size integer number of rows
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # [size, size]
function mg.eye(size, dtype) end

---For each number a row of zeros with a one at its place.
---@param numbers moonglass.Tensor|integer[] from 1
---@param size integer how long the rows are
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # […, size]
function mg.one_hot(numbers, size, dtype) end

---The coordinates of a grid: the i-th result varies along axis i.
---@param ... moonglass.Tensor vectors of coordinates, one for each axis
---@return moonglass.Tensor ... # as many tensors of their sizes
function mg.meshgrid(...) end

---Zeros of the same shape and dtype.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.zeros_like(x) end

---Ones of the same shape and dtype.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.ones_like(x) end

---a + b
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.add(a, b) end

---a - b
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.sub(a, b) end

---a * b, element by element
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.mul(a, b) end

---a / b
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.div(a, b) end

---a % b: what remains of a after floor_div, with the sign of b; exact for int32. Its gradient takes the quotient for a constant.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.mod(a, b) end

---a // b: the quotient, rounded down; exact for int32. Without gradient.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.floor_div(a, b) end

---The angle of the point (b, a) in radians, -π…π; without gradient at (0, 0).
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.atan2(a, b) end

---The larger of a and b.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.maximum(a, b) end

---The smaller of a and b.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number; shapes are broadcast as in NumPy
---@return moonglass.Tensor # the common shape
function mg.minimum(a, b) end

---a ^ b
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # the common shape
function mg.pow(a, b) end

----x
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.neg(x) end

---The absolute value; its gradient at 0 is 0.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.abs(x) end

----1, 0 or 1.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.sign(x) end

---e to the power x.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.exp(x) end

---The natural logarithm.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.log(x) end

---The logarithm to base 2.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.log2(x) end

---The logarithm to base 10.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.log10(x) end

---log(1 + x), exact near 0.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.log1p(x) end

---The square root; its gradient at 0 is infinite: `norm` is safe there.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.sqrt(x) end

---x * x
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.square(x) end

---1 / x
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.reciprocal(x) end

---The sine, of radians.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.sin(x) end

---The cosine, of radians.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.cos(x) end

---The tangent, of radians.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.tan(x) end

---The hyperbolic tangent.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.tanh(x) end

---1 / (1 + exp(-x))
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.sigmoid(x) end

---log(1 + exp(x)), evaluated without overflow.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.softplus(x) end

---max(x, 0)
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.relu(x) end

---x * sigmoid(x), also called SiLU
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.swish(x) end

---The largest integer not above x; without gradient.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.floor(x) end

---The nearest integer, the even one of two; without gradient.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.round(x) end

---The error function, 2/√π ∫ exp(-t²) dt from 0 to x.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.erf(x) end

---The smallest integer not below x; without gradient.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.ceil(x) end

---x where positive, slope * x elsewhere.
---@param x moonglass.Tensor any shape
---@param slope? number default 0.2
---@return moonglass.Tensor # same shape as `x`
function mg.leaky_relu(x, slope) end

---Limits every element to lo … hi.
---@param x moonglass.Tensor any shape
---@param lo? number lower bound; nil for none
---@param hi? number upper bound; nil for none
---@return moonglass.Tensor # same shape as `x`
function mg.clamp(x, lo, hi) end

---a < b, element by element.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function mg.lt(a, b) end

---a <= b, element by element.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function mg.le(a, b) end

---a > b, element by element.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function mg.gt(a, b) end

---a >= b, element by element.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function mg.ge(a, b) end

---a == b, element by element.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function mg.eq(a, b) end

---a ~= b, element by element.
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # a bool tensor of the common shape
function mg.ne(a, b) end

---True where x is false.
---@param x moonglass.Tensor bool
---@return moonglass.Tensor # same shape as `x`
function mg.logical_not(x) end

---True where both are.
---@param a moonglass.Tensor bool
---@param b moonglass.Tensor bool
---@return moonglass.Tensor # the common shape
function mg.logical_and(a, b) end

---True where one of them is.
---@param a moonglass.Tensor bool
---@param b moonglass.Tensor bool
---@return moonglass.Tensor # the common shape
function mg.logical_or(a, b) end

---True where x is not a number.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # bool, same shape as `x`
function mg.isnan(x) end

---True where x is a number and not infinite.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # bool, same shape as `x`
function mg.isfinite(x) end

---a where the mask is true, b elsewhere.
---@param mask moonglass.Tensor bool
---@param a moonglass.Tensor|number tensor or number
---@param b moonglass.Tensor|number tensor or number
---@return moonglass.Tensor # the common shape
function mg.where(mask, a, b) end

---The sum.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.sum(x, axes, keepdims) end

---The mean.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.mean(x, axes, keepdims) end

---The product; its gradient is right where elements are 0.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.prod(x, axes, keepdims) end

---The largest element; elements that tie share the gradient.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.max(x, axes, keepdims) end

---The smallest element; elements that tie share the gradient.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.min(x, axes, keepdims) end

---The variance, divided by the number of elements.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.var(x, axes, keepdims) end

---The standard deviation: the root of var. Its gradient where all elements are equal is 0.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.std(x, axes, keepdims) end

---Whether some element is true or not 0.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.any(x, axes, keepdims) end

---The element in the middle of the order; of an even number the mean of two.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all; {2, keepdims = true} keeps size 1 there
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.median(x, axes, keepdims) end

---The number below which a share q of the elements lies, linear between neighbours in order.
---@param x moonglass.Tensor any shape
---@param q number 0 smallest, 0.5 median, 1 largest
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all
---@param keepdims? boolean keep the axes, with size 1
---@return moonglass.Tensor # `x` without those axes
function mg.quantile(x, q, axes, keepdims) end

---The square root of the sum of squares, or another norm; its gradient at 0 is 0.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] 2, {2, 3, 4}, or nothing for all
---@param keepdims? boolean keep the axes, with size 1
---@param order? number default 2; 1: sum of absolute values; math.huge: the largest; p > 0: Σ|x|^p to 1/p
---@return moonglass.Tensor # `x` without those axes
function mg.norm(x, axes, keepdims, order) end

---exp(x), divided by its sum along an axis.
---@param x moonglass.Tensor any shape
---@param axis integer
---@return moonglass.Tensor # same shape as `x`
function mg.softmax(x, axis) end

---The logarithm of the sum of exp(x) along an axis, without overflow.
---@param x moonglass.Tensor any shape
---@param axis integer
---@return moonglass.Tensor # `x` without that axis
function mg.logsumexp(x, axis) end

---The same values in another shape, row-major.
---@param x moonglass.Tensor any shape
---@param sizes integer[]|integer {6, -1} or 6, -1; one -1 is worked out
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(x: moonglass.Tensor, ...: integer): moonglass.Tensor
function mg.reshape(x, sizes) end

---Puts the axes into another order.
---@param x moonglass.Tensor any shape
---@param axes integer[]|integer the old axis for each new one: {1, 3, 2}
---@return moonglass.Tensor # the axes in that order
---@overload fun(x: moonglass.Tensor, ...: integer): moonglass.Tensor
function mg.permute(x, axes) end

---Swaps two axes.
---@param x moonglass.Tensor at least two axes
---@param a? integer default the last but one
---@param b? integer default the last
---@return moonglass.Tensor # […, B, A]
function mg.transpose(x, a, b) end

---Repeats axes of size 1, and adds axes in front.
---@param x moonglass.Tensor any shape
---@param sizes integer[]|integer the new sizes
---@return moonglass.Tensor # a tensor of those sizes
---@overload fun(x: moonglass.Tensor, ...: integer): moonglass.Tensor
function mg.broadcast_to(x, sizes) end

---Makes one axis of several.
---@param x moonglass.Tensor any shape
---@param first? integer default 1
---@param last? integer default the last
---@return moonglass.Tensor # those axes as one
function mg.flatten(x, first, last) end

---Adds an axis of size 1.
---@param x moonglass.Tensor any shape
---@param axis integer where the new axis will be
---@return moonglass.Tensor # one axis more
function mg.unsqueeze(x, axis) end

---Removes an axis of size 1.
---@param x moonglass.Tensor any shape
---@param axis integer
---@return moonglass.Tensor # one axis less
function mg.squeeze(x, axis) end

---Turns the order along axes round.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] default all
---@return moonglass.Tensor # same shape as `x`
function mg.flip(x, axes) end

---Shifts along an axis; what leaves at one end comes in at the other: roll(x, 1, a) at i is x at i - 1.
---@param x moonglass.Tensor any shape
---@param shift integer number of places, may be negative
---@param axis integer
---@return moonglass.Tensor # same shape as `x`
function mg.roll(x, shift, axis) end

---Turns images by quarters, from one axis towards another.
---@param x moonglass.Tensor at least two axes
---@param quarters? integer default 1
---@param from? integer default the last but one
---@param to? integer default the last
---@return moonglass.Tensor # `x`, turned
function mg.rot90(x, quarters, from, to) end

---The lower triangle of matrices, zeros above it.
---@param x moonglass.Tensor […, M, N]
---@param k? integer the last diagonal kept; default 0, the main one
---@return moonglass.Tensor # same shape as `x`
function mg.tril(x, k) end

---The upper triangle of matrices, zeros below it.
---@param x moonglass.Tensor […, M, N]
---@param k? integer the last diagonal kept; default 0, the main one
---@return moonglass.Tensor # same shape as `x`
function mg.triu(x, k) end

---The next element minus this one, along an axis.
---@param x moonglass.Tensor any shape
---@param axis integer
---@return moonglass.Tensor # `x`, one shorter there
function mg.diff(x, axis) end

---Adds elements around.
---@param x moonglass.Tensor any shape
---@param widths integer|integer[][] {before, after} for each of the last axes: {{1, 1}, {2, 2}}; or one number for the last two
---@param mode? "zero"|"circular"|"reflect"|"edge" "zero" (the default), "circular", "reflect" or "edge"
---@param value? number what "zero" puts there; default 0
---@return moonglass.Tensor # `x`, larger
function mg.pad(x, widths, mode, value) end

---Joins tensors along an axis they have.
---@param tensors moonglass.Tensor|moonglass.Tensor[] {a, b, …}
---@param axis integer
---@return moonglass.Tensor # their sizes added there
function mg.concat(tensors, axis) end

---Joins tensors of one shape along a new axis.
---@param tensors moonglass.Tensor|moonglass.Tensor[] {a, b, …}
---@param axis integer where the new axis will be
---@return moonglass.Tensor # one axis more
function mg.stack(tensors, axis) end

---Cuts an axis into pieces.
---@param x moonglass.Tensor at least one axis
---@param pieces integer|integer[] how many, of equal size; or their sizes: {2, 3}
---@param axis? integer default 1
---@return moonglass.Tensor ... # the pieces, in order
function mg.split(x, pieces, axis) end

---Copies side by side along the last axes.
---@param x moonglass.Tensor any shape
---@param counts integer[]|integer {2, 3} or 2, 3: how many copies along each of the last axes
---@return moonglass.Tensor # `x`, larger
---@overload fun(x: moonglass.Tensor, ...: integer): moonglass.Tensor
function mg.tile(x, counts) end

---Takes whole slices along an axis, in any order and number.
---@param x moonglass.Tensor any shape
---@param axis integer
---@param indices moonglass.Tensor|integer[] {3, 1, 1} or a tensor [K]; from 1, negative from the end
---@return moonglass.Tensor # `x`, of size K there
function mg.index_select(x, axis, indices) end

---Takes elements along an axis, each by a number of its own: y[i, j] = x[i, indices[i, j]].
---@param x moonglass.Tensor any shape
---@param axis integer
---@param indices moonglass.Tensor|integer[] as many axes as `x`; other axes are broadcast; from 1, negative from the end
---@return moonglass.Tensor # the shape of `indices`, broadcast
function mg.gather(x, axis, indices) end

---Adds elements up at the places their numbers name, on zeros: the adjoint of gather.
---@param x moonglass.Tensor any shape
---@param axis integer
---@param indices moonglass.Tensor|integer[] broadcasts to the shape of `x`; from 1, negative from the end
---@param size integer size of the result along the axis
---@return moonglass.Tensor # `x`, of that size there
function mg.scatter_add(x, axis, indices, size) end

---The elements in order along an axis. NaN counts as the largest.
---@param x moonglass.Tensor at least one axis
---@param axis? integer default the last
---@param descending? boolean largest first
---@return moonglass.Tensor # same shape as `x`
function mg.sort(x, axis, descending) end

---The numbers of the elements in order along an axis; equal ones keep theirs.
---@param x moonglass.Tensor at least one axis
---@param axis? integer default the last
---@param descending? boolean largest first
---@return moonglass.Tensor # int32, same shape as `x`, from 1
function mg.argsort(x, axis, descending) end

---The largest elements along an axis, largest first, and their numbers.
---@param x moonglass.Tensor at least one axis
---@param count integer how many
---@param axis? integer default the last
---@param smallest? boolean the smallest instead
---@return moonglass.Tensor ... # values, and int32 numbers from 1: `x`, of size `count` there
function mg.topk(x, count, axis, smallest) end

---The number of the largest element along an axis: the first among equals.
---@param x moonglass.Tensor at least one axis
---@param axis? integer default the last
---@param keepdims? boolean keep the axis, with size 1
---@return moonglass.Tensor # int32, `x` without that axis, from 1
function mg.argmax(x, axis, keepdims) end

---The number of the smallest element along an axis: the first among equals.
---@param x moonglass.Tensor at least one axis
---@param axis? integer default the last
---@param keepdims? boolean keep the axis, with size 1
---@return moonglass.Tensor # int32, `x` without that axis, from 1
function mg.argmin(x, axis, keepdims) end

---The sum of each element and all before it, along an axis.
---@param x moonglass.Tensor at least one axis
---@param axis? integer default the last
---@return moonglass.Tensor # same shape as `x`
function mg.cumsum(x, axis) end

---The product of each element and all before it, along an axis.
---@param x moonglass.Tensor at least one axis
---@param axis? integer default the last
---@return moonglass.Tensor # same shape as `x`
function mg.cumprod(x, axis) end

---The matrix product over the last two axes; the others are broadcast.
---@param a moonglass.Tensor […, M, K]
---@param b moonglass.Tensor […, K, N]
---@return moonglass.Tensor # […, M, N]
function mg.matmul(a, b) end

---Sums of products by Einstein's convention: letters name axes, those the result lacks are summed over. A letter may not stand twice in one operand.
---@param equation string "ij,jk->ik", "bij,bj->bi", "ij->j"
---@param ... moonglass.Tensor one tensor for each term
---@return moonglass.Tensor # the axes after the arrow
function mg.einsum(equation, ...) end

---Every element of one vector times every element of another.
---@param a moonglass.Tensor [M]
---@param b moonglass.Tensor [N]
---@return moonglass.Tensor # [M, N]
function mg.outer(a, b) end

---The diagonal of matrices.
---@param a moonglass.Tensor […, M, N]
---@return moonglass.Tensor # […, min(M, N)]
function mg.diagonal(a) end

---The sum of the diagonal.
---@param a moonglass.Tensor […, M, N]
---@return moonglass.Tensor # […]
function mg.trace(a) end

---Vectors as diagonal matrices.
---@param a moonglass.Tensor […, N]
---@return moonglass.Tensor # […, N, N]
function mg.diag(a) end

---The x with a · x = b.
---@param a moonglass.Tensor […, N, N]
---@param b moonglass.Tensor […, N, K]
---@return moonglass.Tensor # […, N, K]
function mg.solve(a, b) end

---The x with a · x = b for one triangle of a, the rest taken for zeros.
---@param a moonglass.Tensor […, N, N]
---@param b moonglass.Tensor […, N, K]
---@param upper? boolean the upper triangle; default the lower one
---@param transposed? boolean solve aᵀ · x = b instead
---@return moonglass.Tensor # […, N, K]
function mg.solve_triangular(a, b, upper, transposed) end

---The inverse; to solve a system, `solve` is faster and more exact.
---@param a moonglass.Tensor […, N, N]
---@return moonglass.Tensor # […, N, N]
function mg.inv(a) end

---The determinant; its gradient needs regular matrices.
---@param a moonglass.Tensor […, N, N]
---@return moonglass.Tensor # […]
function mg.det(a) end

---The logarithm of the determinant, without overflow; NaN where it is negative.
---@param a moonglass.Tensor […, N, N]
---@return moonglass.Tensor # […]
function mg.logdet(a) end

---The lower triangular l with l · lᵀ = a, for the symmetric part of a, positive definite.
---@param a moonglass.Tensor […, N, N]
---@return moonglass.Tensor # […, N, N]
function mg.cholesky(a) end

---Eigenvalues in rising order and orthonormal eigenvectors of the symmetric part of a: a = v · diag(w) · vᵀ. The gradient of the vectors needs distinct values.
---@param a moonglass.Tensor […, N, N]
---@return moonglass.Tensor ... # values [..., N] and vectors [..., N, N] as columns, the largest element of each positive
function mg.eigh(a) end

---Eigenvalues of the symmetric part of matrices, in rising order; differentiable at repeated ones too.
---@param a moonglass.Tensor […, N, N]
---@return moonglass.Tensor # […, N]
function mg.eigvalsh(a) end

---Thin singular value decomposition a = u · diag(s) · vᵀ, K = min(M, N). The gradient of the vectors needs distinct values above 0.
---@param a moonglass.Tensor […, M, N]
---@return moonglass.Tensor ... # u […, M, K], s […, K] in falling order, v […, N, K]
function mg.svd(a) end

---Singular values, in falling order.
---@param a moonglass.Tensor […, M, N]
---@return moonglass.Tensor # […, min(M, N)]
function mg.svdvals(a) end

---The discrete Fourier transform X[k] = Σ x[n] exp(-2πi kn/N), over the axes before the last.
---@param x moonglass.Tensor […, N, 2]
---@param count? integer how many axes to transform; default 1
---@return moonglass.Tensor # same shape as `x`
function mg.fft(x, count) end

---The discrete Fourier transform x[n] = 1/N Σ X[k] exp(2πi kn/N), over the axes before the last.
---@param x moonglass.Tensor […, N, 2]
---@param count? integer how many axes to transform; default 1
---@return moonglass.Tensor # same shape as `x`
function mg.ifft(x, count) end

---The discrete Fourier transform of images, over the two axes before the last.
---@param x moonglass.Tensor […, H, W, 2]
---@return moonglass.Tensor # same shape as `x`
function mg.fft2(x) end

---The discrete Fourier transform of images, backwards, over the two axes before the last.
---@param x moonglass.Tensor […, H, W, 2]
---@return moonglass.Tensor # same shape as `x`
function mg.ifft2(x) end

---The Fourier transform of real numbers over the last axis, the half that holds everything.
---@param x moonglass.Tensor […, N]
---@return moonglass.Tensor # […, N/2 + 1, 2]
function mg.rfft(x) end

---The real numbers whose rfft this is.
---@param x moonglass.Tensor […, N/2 + 1, 2]
---@param size? integer how many the last axis had; default the even number
---@return moonglass.Tensor # […, N]
function mg.irfft(x, size) end

---The Fourier transform of real numbers over the last two axes, the half that holds everything.
---@param x moonglass.Tensor […, H, W]
---@return moonglass.Tensor # […, H, W/2 + 1, 2]
function mg.rfft2(x) end

---The real numbers whose rfft2 this is.
---@param x moonglass.Tensor […, H, W/2 + 1, 2]
---@param size? integer how many the last axis had; default the even number
---@return moonglass.Tensor # […, H, W]
function mg.irfft2(x, size) end

---Moves frequency 0 from the first place to the middle.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] default all; of complex numbers all but the last: {1, 2}
---@return moonglass.Tensor # same shape as `x`
function mg.fftshift(x, axes) end

---Undoes fftshift.
---@param x moonglass.Tensor any shape
---@param axes? integer|integer[] default all; of complex numbers all but the last: {1, 2}
---@return moonglass.Tensor # same shape as `x`
function mg.ifftshift(x, axes) end

---The frequencies of an fft, in the order it gives them: 0 first, negative ones last.
---@param size integer how many points are transformed
---@param spacing? number distance of the points; default 1
---@param dtype? "float32"|"float64"|"int32"|"bool" default "float32"
---@return moonglass.Tensor # [size], in turns for one unit of distance
function mg.fftfreq(size, spacing, dtype) end

---Complex numbers of a real and an imaginary part.
---@param re moonglass.Tensor any shape
---@param im? moonglass.Tensor same shape; default 0
---@return moonglass.Tensor # […, 2]
function mg.complex(re, im) end

---Complex numbers of an absolute value and an angle in radians.
---@param magnitude moonglass.Tensor any shape
---@param angle moonglass.Tensor any shape
---@return moonglass.Tensor # the common shape and a last axis of 2
function mg.polar(magnitude, angle) end

---The real parts of complex numbers.
---@param x moonglass.Tensor […, 2]
---@return moonglass.Tensor # […]
function mg.real(x) end

---The imaginary parts of complex numbers.
---@param x moonglass.Tensor […, 2]
---@return moonglass.Tensor # […]
function mg.imag(x) end

---The conjugates of complex numbers.
---@param x moonglass.Tensor […, 2]
---@return moonglass.Tensor # same shape as `x`
function mg.conj(x) end

---The absolute values of complex numbers; the gradient at 0 is 0.
---@param x moonglass.Tensor […, 2]
---@return moonglass.Tensor # […]
function mg.complex_abs(x) end

---The angles of complex numbers in radians, -π…π; without gradient at 0.
---@param x moonglass.Tensor […, 2]
---@return moonglass.Tensor # […]
function mg.angle(x) end

---The product of complex numbers, element by element.
---@param a moonglass.Tensor […, 2]
---@param b moonglass.Tensor […, 2]
---@return moonglass.Tensor # the common shape
function mg.complex_mul(a, b) end

---The quotient of complex numbers, element by element.
---@param a moonglass.Tensor […, 2]
---@param b moonglass.Tensor […, 2]
---@return moonglass.Tensor # the common shape
function mg.complex_div(a, b) end

---Brings images to another size; pixels are squares, and the corners of the images agree.
---@param x moonglass.Tensor […, H, W]
---@param height integer
---@param width integer
---@param mode? "nearest"|"bilinear"|"area" default "bilinear"; "area" takes means, for smaller images
---@return moonglass.Tensor # […, height, width]
function mg.resize(x, height, width, mode) end

---The largest element of every square window.
---@param x moonglass.Tensor […, H, W]
---@param window integer rows and columns of the window
---@param stride? integer distance of windows; default the window
---@param padding? integer -∞, on each side; default 0
---@return moonglass.Tensor # […, (H + 2 padding - window) / stride + 1, …]
function mg.max_pool2d(x, window, stride, padding) end

---The mean of every square window.
---@param x moonglass.Tensor […, H, W]
---@param window integer rows and columns of the window
---@param stride? integer distance of windows; default the window
---@param padding? integer zeros, which count, on each side; default 0
---@return moonglass.Tensor # […, (H + 2 padding - window) / stride + 1, …]
function mg.avg_pool2d(x, window, stride, padding) end

---Weighs the neighbourhood of every pixel by a kernel (cross-correlation), same size.
---@param x moonglass.Tensor […, H, W]
---@param kernel moonglass.Tensor [KH, KW]
---@param mode? "zero"|"circular"|"reflect"|"edge" what lies outside: "zero" (the default), "circular", "reflect" or "edge"
---@return moonglass.Tensor # same shape as `x`
function mg.correlate(x, kernel, mode) end

---Spreads every pixel over its neighbourhood by a kernel (convolution), same size: `correlate` with the kernel turned round.
---@param x moonglass.Tensor […, H, W]
---@param kernel moonglass.Tensor [KH, KW], of odd sizes
---@param mode? "zero"|"circular"|"reflect"|"edge" what lies outside: "zero" (the default), "circular", "reflect" or "edge"
---@return moonglass.Tensor # same shape as `x`
function mg.convolve(x, kernel, mode) end

---Reads images at places between the pixels, linearly: a warp, differentiable in both.
---@param x moonglass.Tensor [N, C, H, W]
---@param grid moonglass.Tensor [N, H', W', 2]: (x, y) of each new pixel in -1…1, edge to edge; x runs along the last axis
---@param outside? "zero"|"edge" default "zero"; "edge" repeats the edge
---@return moonglass.Tensor # [N, C, H', W']
function mg.grid_sample(x, grid, outside) end

---The derivatives of a field along its axes in space.
---@param x moonglass.Tensor floating
---@param options? table {axes = {3, 4}, spacing = 1, scheme = "central", mode = "circular"}: these are the defaults, but for axes: the last two; scheme also "forward", "backward" (staggered grids); mode is what lies outside: "circular" (periodic), "edge" (no flux), "zero", "reflect"
---@return moonglass.Tensor ... # one tensor for each axis, same shape as `x`
function mg.spatial_gradient(x, options) end

---The sum of the derivatives of a vector field's components, each along its own axis.
---@param components moonglass.Tensor|moonglass.Tensor[] {u, v}: one tensor for each axis, of one shape
---@param options? table {axes = {3, 4}, spacing = 1, scheme = "central", mode = "circular"}: these are the defaults, but for axes: the last two; scheme also "forward", "backward" (staggered grids); mode is what lies outside: "circular" (periodic), "edge" (no flux), "zero", "reflect"
---@return moonglass.Tensor # same shape as one component
function mg.divergence(components, options) end

---The rotation of a vector field in a plane: the derivative of its second component along the first axis, minus that of the first component along the second axis.
---@param components moonglass.Tensor|moonglass.Tensor[] {u, v}: one tensor for each axis, of one shape
---@param options? table {axes = {3, 4}, spacing = 1, scheme = "central", mode = "circular"}: these are the defaults, but for axes: the last two; scheme also "forward", "backward" (staggered grids); mode is what lies outside: "circular" (periodic), "edge" (no flux), "zero", "reflect"
---@return moonglass.Tensor # same shape as one component
function mg.curl(components, options) end

---The sum of second derivatives along the axes in space, (u[i+1] - 2 u[i] + u[i-1]) / h².
---@param x moonglass.Tensor floating
---@param options? table {axes = {3, 4}, spacing = 1, mode = "circular"}, as for `spatial_gradient`
---@return moonglass.Tensor # same shape as `x`
function mg.laplacian(x, options) end

---The periodic field of mean 0 whose laplacian this is, but for its mean. By FFT, over the last axes; the inverse of `laplacian`.
---@param rhs moonglass.Tensor floating
---@param count? integer how many axes; default 2
---@param spacing? number default 1
---@return moonglass.Tensor # same shape as `rhs`
function mg.poisson(rhs, count, spacing) end

---Slides a kernel over images (cross-correlation), with zeros around.
---@param x moonglass.Tensor [N, C, H, W]
---@param weight moonglass.Tensor [O, C, KH, KW]
---@param stride? integer default 1
---@param padding? integer zeros on each side, default 0; for other edges use x:pad first
---@param bias? moonglass.Tensor [O]
---@return moonglass.Tensor # [N, O, (H + 2 padding - KH) / stride + 1, …]
function mg.conv2d(x, weight, stride, padding, bias) end

---Slides a kernel over signals (cross-correlation), with zeros around.
---@param x moonglass.Tensor [N, C, L]
---@param weight moonglass.Tensor [O, C, K]
---@param stride? integer default 1
---@param padding? integer zeros on each side, default 0; for other edges use x:pad first
---@param bias? moonglass.Tensor [O]
---@return moonglass.Tensor # [N, O, (L + 2 padding - K) / stride + 1]
function mg.conv1d(x, weight, stride, padding, bias) end

---The adjoint of conv2d: images grow by the stride.
---@param x moonglass.Tensor [N, O, H, W]
---@param weight moonglass.Tensor [O, C, KH, KW]
---@param stride? integer default 1
---@param padding? integer as of conv2d; default 0
---@param output_padding? integer rows and columns more, less than the stride; default 0
---@param bias? moonglass.Tensor [C]
---@return moonglass.Tensor # [N, C, (H - 1) stride - 2 padding + KH + output_padding, …]
function mg.conv_transpose2d(x, weight, stride, padding, output_padding, bias) end

---x · weightᵀ + bias.
---@param x moonglass.Tensor […, I]
---@param weight moonglass.Tensor [O, I]
---@param bias? moonglass.Tensor [O]
---@return moonglass.Tensor # […, O]
function mg.linear(x, weight, bias) end

---Brings the channels of each group, image by image, to mean 0 and variance 1, then scales and shifts them. One group: layer norm; as many as channels: instance norm.
---@param x moonglass.Tensor [N, C, H, W]
---@param groups integer divides C
---@param weight? moonglass.Tensor [C]; default 1
---@param bias? moonglass.Tensor [C]; default 0
---@param epsilon? number added to the variance; default 1e-5
---@return moonglass.Tensor # same shape as `x`
function mg.group_norm(x, groups, weight, bias, epsilon) end

---x · Φ(x), with Φ the normal distribution function: x/2 (1 + erf(x/√2)).
---@param x moonglass.Tensor any shape
---@param by_tanh? boolean the approximation x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) that some networks use
---@return moonglass.Tensor # same shape as `x`
function mg.gelu(x, by_tanh) end

---Reads the tensors of a .safetensors file that lies beside the plugin or in a folder below it.
---@param path string relative to the plugin's file; no links, no ".."
---@return any # a table of tensors by name
function mg.load(path) end

---A layer x · weightᵀ + bias.
---@param weights table tensors by name, as mg.load gives them; safetensors from PyTorch fit
---@param name string the layer's: it has "NAME.weight" and, if any, "NAME.bias"
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): […, I] to […, O]
function mg.nn.linear(weights, name) end

---A convolution with its weights.
---@param weights table tensors by name, as mg.load gives them; safetensors from PyTorch fit
---@param name string the layer's: it has "NAME.weight" and, if any, "NAME.bias"
---@param options? table {stride = 1, padding = 0, mode = "zero"}; mode as of `pad`: what lies outside the image
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): [N, C, H, W] to [N, O, …]
function mg.nn.conv2d(weights, name, options) end

---A transposed convolution with its weights: images grow by the stride.
---@param weights table tensors by name, as mg.load gives them; safetensors from PyTorch fit
---@param name string the layer's: it has "NAME.weight" and, if any, "NAME.bias"
---@param options? table {stride = 1, padding = 0, output_padding = 0}
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): [N, O, H, W] to [N, C, …]
function mg.nn.conv_transpose2d(weights, name, options) end

---Group normalisation with its weights; see `group_norm`.
---@param weights table tensors by name, as mg.load gives them; safetensors from PyTorch fit
---@param name string the layer's: it has "NAME.weight" and, if any, "NAME.bias"
---@param groups integer divides the channels
---@param epsilon? number default 1e-5
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): [N, C, …], same shape
function mg.nn.group_norm(weights, name, groups, epsilon) end

---Batch normalisation as it is after training: by the mean and variance kept with the weights.
---@param weights table tensors by name, as mg.load gives them; safetensors from PyTorch fit
---@param name string the layer's: it has "NAME.running_mean", "NAME.running_var" and, if any, "NAME.weight" and "NAME.bias"
---@param epsilon? number added to the variance; default 1e-5
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): [N, C, …], same shape
function mg.nn.batch_norm(weights, name, epsilon) end

---Layers one after the other.
---@param layers (fun(x: moonglass.Tensor): moonglass.Tensor)[] {f, g, …}: layers or any functions of a tensor, such as mg.relu
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): … g(f(x))
function mg.nn.sequential(layers) end

---A layer beside a connection past it: x + f(x).
---@param f function a function that keeps the shape
---@return fun(x: moonglass.Tensor): moonglass.Tensor # function(x): same shape
function mg.nn.residual(f) end

---The gradient of a scalar: of y, made from x; or of f(x), for a function f.
---@param y any a tensor with one element, or a function that returns one
---@param x moonglass.Tensor|moonglass.Tensor[] a tensor or a table of tensors
---@return moonglass.Tensor ... # for each x a tensor of its shape
function mg.grad(y, x) end

---f(x) and its gradient, at once.
---@param f function a function of x that returns a tensor with one element
---@param x moonglass.Tensor|moonglass.Tensor[] a tensor or a table of tensors
---@return moonglass.Tensor ... # the value, and for each x a tensor of its shape
function mg.value_and_grad(f, x) end

---The vector-Jacobian product: the gradient of the sum of v * y.
---@param y any a tensor made from x, or a function of x
---@param x moonglass.Tensor|moonglass.Tensor[] a tensor or a table of tensors
---@param v moonglass.Tensor same shape as y
---@return moonglass.Tensor ... # for each x a tensor of its shape
function mg.vjp(y, x, v) end

---The Jacobian-vector product: how f(x) changes when x moves along v.
---@param y any a tensor made from x, or a function of x
---@param x moonglass.Tensor|moonglass.Tensor[] a tensor or a table of tensors
---@param v moonglass.Tensor|moonglass.Tensor[] same shapes as x
---@return moonglass.Tensor # same shape as y
function mg.jvp(y, x, v) end

---The same values, taken for constants by gradients.
---@param x moonglass.Tensor any shape
---@return moonglass.Tensor # same shape as `x`
function mg.stop_gradient(x) end

---A value that carries its own gradient.
---@param definition table value: a tensor; inputs: the tensors it depends on; vjp: function(v) that gets the gradient with respect to the value and returns one tensor for each input
---@return moonglass.Tensor # the value
function mg.custom(definition) end

---f(x, …), computed again for the gradient instead of kept: less memory, more time.
---@param f function a function of tensors that returns one; called once
---@param ... moonglass.Tensor its arguments
---@return moonglass.Tensor # what f returns
function mg.checkpoint(f, ...) end

---Applies f again and again: state = f(state, i) for i = 1, …, n.
---@param f function function(state, i) that returns the next state, of the same form
---@param state any a tensor or a table of tensors: where it begins
---@param n integer how often; the steps are built one by one
---@return any # the last state
function mg.scan(f, state, n) end

---The x with f(x) = x, by iterating f. Its gradient is that of the point (the implicit function theorem), whatever the way to it.
---@param f function function(x) that brings points closer together; called once
---@param x moonglass.Tensor floating; where the iteration begins
---@param options? table {tolerance = 1e-6, max_steps = 1000}: how large |f(x) - x| may stay, in its largest element
---@return moonglass.Tensor # same shape as `x`
function mg.fixed_point(f, x, options) end

moonglass = mg

return mg

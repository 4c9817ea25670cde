/*
 * What a processor of 32 bits without floating point has no instructions for. Prints a checksum of each operation's
 * results over many operands, which no processor and no compiler may change.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Which of its many bit patterns a result that is no number has is the processor's choice. */
static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return isnan(value) ? UINT64_C(0x7ff8000000000000) : bits;
}

static int divisible(uint64_t a, uint64_t b)
{
    return b != 0 && !(a == UINT64_C(1) << 63 && b == UINT64_MAX);
}

static int overflows(int64_t a, int64_t b)
{
    int64_t result;
    return __builtin_add_overflow(a, b, &result) | __builtin_sub_overflow(a, b, &result) << 1 |
           __builtin_mul_overflow(a, b, &result) << 2;
}

/* Where floating point is software, it is Zig's, whose quotients are 0 where they would be too small to be normal. */
static double quotient(double a, double b)
{
    double value = a / b;
    return fpclassify(value) == FP_SUBNORMAL ? copysign(0, value) : value;
}

/* There and back: 17 digits are enough for every number. */
static uint64_t through_text(double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.17g", value);
    return bits_of(strtod(text, NULL));
}

#define A ((int64_t)a)
#define B ((int64_t)b)
#define X number(a)
#define Y number(b)
/* The quotients keep every operand within what the integer can hold. */
#define OPERATIONS(EACH) \
    EACH(shift_left, a << (b & 63)) \
    EACH(shift_right, a >> (b & 63)) \
    EACH(shift_right_signed, A >> (b & 63)) \
    EACH(shift_by_constants, (a << 13) ^ (a >> 7) ^ (a << 32) ^ (uint64_t)(A >> 33)) \
    EACH(rotate, a << (b & 63) | a >> (-b & 63)) \
    EACH(multiply, a * b) \
    EACH(divide, b ? a / b : 0) \
    EACH(remainder, b ? a % b : 0) \
    EACH(divide_signed, divisible(a, b) ? A / B : 0) \
    EACH(remainder_signed, divisible(a, b) ? A % B : 0) \
    EACH(divide_by_constants, a / 10 ^ a % 1000 ^ (uint64_t)(A / 1000000) ^ (uint64_t)(A % 90000)) \
    EACH(compare, (a < b) | (a == b) << 1 | (A < B) << 2 | (A <= B) << 3) \
    EACH(overflow, overflows(A, B)) \
    EACH(count_bits, (a ? __builtin_clzll(a) : 64) + 100 * (a ? __builtin_ctzll(a) : 64)) \
    EACH(double_of_signed, bits_of((double)A)) \
    EACH(double_of_unsigned, bits_of((double)a)) \
    EACH(float_of_signed, bits_of((float)A)) \
    EACH(float_of_unsigned, bits_of((float)a)) \
    EACH(signed_of_double, (int64_t)((double)A / 3)) \
    EACH(unsigned_of_double, (uint64_t)((double)a / 3)) \
    EACH(signed_32_of_double, (int32_t)((double)A / 4.3e9)) \
    EACH(unsigned_32_of_double, (uint32_t)((double)a / 4.3e9)) \
    EACH(add_doubles, bits_of(X + Y) ^ bits_of((double)A + (double)B)) \
    EACH(subtract_doubles, bits_of(X - Y) ^ bits_of((double)A - (double)B)) \
    EACH(multiply_doubles, bits_of(X *Y) ^ bits_of((double)A * (double)B)) \
    EACH(divide_doubles, bits_of(quotient(X, Y)) ^ bits_of(quotient((double)A, (double)B))) \
    EACH(compare_doubles, (X < Y) | (X <= Y) << 1 | (X == Y) << 2 | (X != Y) << 3) \
    EACH(remainder_of_doubles, bits_of(fmod((double)A, (double)B))) \
    EACH(round_doubles, bits_of(floor(X)) ^ bits_of(trunc(Y)) ^ bits_of(rint((double)A / 1024))) \
    EACH(square_root, bits_of(sqrt(X))) \
    EACH(text_of_double, through_text(X))

#define FUNCTION(name, result) \
    static uint64_t name##_(uint64_t a, uint64_t b) \
    { \
        (void)a, (void)b; \
        return (uint64_t)(result); \
    }
OPERATIONS(FUNCTION)

#define ROW(name, result) { #name, name##_ },
static const struct {
    const char *name;
    uint64_t (*result)(uint64_t a, uint64_t b);
} operations[] = { OPERATIONS(ROW) };

static const uint64_t edges[] = {
    0, 1, 2, 3, 10, 63, 64, 1000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x100000001,
    1700000000000, 0x1fffffffffffff, 0x20000000000001, 0x0123456789abcdef, 0x5555555555555555, 0x7fefffffffffffff,
    0x7ff0000000000000, 0x7fffffffffffffff, 0x8000000000000000, 0xbff0000000000000, 0xffffffff00000000, UINT64_MAX,
};
#define EDGES (sizeof edges / sizeof *edges)
#define DRAWN 2000

/* A linear congruential generator: of the operations above it needs the product only. Every length is as likely. */
static uint64_t draw(void)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t drawn = state;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return drawn >> (state >> 58);
}

int main(void)
{
    static uint64_t operands[EDGES * EDGES + DRAWN][2];
    size_t count = 0;
    for (size_t i = 0; i < EDGES * EDGES; i++, count++)
        operands[count][0] = edges[i / EDGES], operands[count][1] = edges[i % EDGES];
    for (size_t i = 0; i < DRAWN; i++, count++)
        operands[count][0] = draw(), operands[count][1] = draw();
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
        uint32_t sum = 0;
        for (size_t k = 0; k < count; k++) {
            uint64_t result = operations[i].result(operands[k][0], operands[k][1]);
            sum = (sum ^ (uint32_t)result) * 16777619u;
            sum = (sum ^ (uint32_t)(result >> 32)) * 16777619u;
        }
        printf("%s %08" PRIx32 "\n", operations[i].name, sum);
        fflush(stdout);
    }
    return 0;
}

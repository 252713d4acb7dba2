//go:build linux && !tykmetrics_noasm

// Adds to the cells of the OS thread that runs the function. The runtime never preempts assembly asynchronously
// (isAsyncSafePoint in runtime/preempt.go), and nothing here is a safe point, so the thread cannot change between the look
// at fs and the store. That makes the thread the one writer of its cells.
//
// The C library keeps {cells, limit} of the thread at fs:tlsOffset, and {nil, 0} while the thread has no cells.

#include "textflag.h"

// The operands beside fs are spelled in bytes, as the assembler has no segment prefix for FS.
#define CMP_CX_LIMIT BYTE $0x64; BYTE $0x3B; BYTE $0x48; BYTE $0x08 // cmp ecx, fs:[rax+8]
#define LOAD_CELLS BYTE $0x64; BYTE $0x48; BYTE $0x8B; BYTE $0x00 // mov rax, fs:[rax]
#define LOAD_INT BYTE $0x64; BYTE $0x8B; BYTE $0x00 // mov eax, fs:[rax]

// Series: Shared at 0, State at 8, number at 16.

// func Add(s *Series, n uint64)
TEXT ·Add(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ ·tlsOffset(SB), AX
	TESTQ AX, AX
	JEQ none
	MOVQ s+0(FP), DX
	MOVL 16(DX), CX
	MOVQ n+8(FP), BX
	CMP_CX_LIMIT
	JAE none
	LOAD_CELLS
	ADDQ BX, (AX)(CX*8)
	RET
none:
	JMP ·elsewhere(SB)

// func AddUpDown(s *Series, n uint64)
TEXT ·AddUpDown(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ ·tlsOffset(SB), AX
	TESTQ AX, AX
	JEQ none
	MOVQ s+0(FP), DX
	MOVL 16(DX), CX
	MOVQ n+8(FP), BX
	CMP_CX_LIMIT
	JAE none
	LOAD_CELLS
	ADDQ BX, (AX)(CX*8)
	RET
none:
	JMP ·elsewhereUpDown(SB)

// Distribution: the Series, then Table at 24. Table: first at 0, entries at 8, count at 16. Entry, 16 bytes: Split at 0,
// Cell at 8, More at 12. The sum first reads what the bucket's add does not touch, and is stored behind it: x86 keeps the
// order of stores, and a scrape reads sums first.
#define OBSERVE \
	MOVQ ·tlsOffset(SB), AX \
	TESTQ AX, AX \
	JEQ none \
	MOVQ 24(DX), BX \
	MOVQ $0x7fffffffffff, CX \
	ADDQ SI, CX \
	SARQ $47, CX \
	SUBQ (BX), CX \
	CMPQ CX, 16(BX) \
	JCC none \
	SHLQ $4, CX \
	ADDQ 8(BX), CX \
	CMPL 12(CX), $0 \
	JNE none \
	MOVQ SI, X0 \
	MOVL 8(CX), DI \
	XORL R8, R8 \
	UCOMISD (CX), X0 \
	SETHI R8 \
	ADDL R8, DI \
	MOVL 16(DX), CX \
	CMP_CX_LIMIT \
	JAE none \
	LOAD_CELLS \
	LEAQ (AX)(CX*8), AX \
	ADDQ $1, (AX)(DI*8) \
	ANDL $~504, DI \
	ADDSD (AX)(DI*8), X0 \
	MOVSD X0, (AX)(DI*8) \
	RET

// func ObserveHistogram(d *Distribution, v float64)
TEXT ·ObserveHistogram(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ d+0(FP), DX
	MOVQ v+8(FP), SI
	OBSERVE
none:
	JMP ·histogramElsewhere(SB)

// func ObserveSummary(d *Distribution, v float64)
TEXT ·ObserveSummary(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ d+0(FP), DX
	MOVQ v+8(FP), SI
	OBSERVE
none:
	JMP ·summaryElsewhere(SB)

// func observe(s *Series, offset uint32, v float64) bool
TEXT ·observe(SB), NOSPLIT|NOFRAME, $0-25
	MOVQ ·tlsOffset(SB), AX
	TESTQ AX, AX
	JEQ none
	MOVQ s+0(FP), DX
	MOVL 16(DX), CX
	CMP_CX_LIMIT
	JAE none
	LOAD_CELLS
	LEAQ (AX)(CX*8), AX
	MOVL offset+8(FP), CX
	MOVSD v+16(FP), X0
	// The bucket first: x86 keeps the order of stores, and a scrape reads sums first.
	ADDQ $1, (AX)(CX*8)
	ANDL $~504, CX
	ADDSD (AX)(CX*8), X0
	MOVSD X0, (AX)(CX*8)
	MOVB $1, ret+24(FP)
	RET
none:
	MOVB $0, ret+24(FP)
	RET

// func refused() bool
TEXT ·refused(SB), NOSPLIT|NOFRAME, $0-1
	MOVQ ·refusedOffset(SB), AX
	LOAD_INT
	MOVB AX, ret+0(FP)
	RET

package portcullis.soft.simd;

import portcullis.soft.decode.Instruction;
import portcullis.soft.model.Feature;

/** The CPUID feature that a vector instruction belongs to (SDM volume 2, the "CPUID feature flag" columns). */
final class Features {
    private Features() {}

    static Feature of(Instruction in) {
        int opcode = in.encoding.opcode();
        return switch (in.encoding.map()) {
            case 1 -> in.encoding.isVex() ? vexMap1(in, opcode) : map1(in, opcode);
            case 2 -> in.encoding.isVex() ? vexMap2(in, opcode) : map2(opcode);
            default -> in.encoding.isVex() ? vexMap3(in, opcode) : map3(opcode);
        };
    }

    private static Feature map1(Instruction in, int opcode) {
        int prefix = in.encoding.requiredPrefix();
        return switch (opcode) {
            case 0x12, 0x16 -> prefix >= 2 ? Feature.SSE3 : Feature.SSE;
            case 0x7c, 0x7d, 0xd0, 0xf0 -> Feature.SSE3;
            case 0x77 -> Feature.MMX;
            default -> {
                if (prefix == 0 && opcode >= 0x60) {
                    yield Feature.MMX;
                }
                yield prefix == 0 || prefix == 2 && opcode < 0x60 ? Feature.SSE : Feature.SSE2;
            }
        };
    }

    private static Feature map2(int opcode) {
        if (opcode <= 0x0b || opcode >= 0x1c && opcode <= 0x1e) {
            return Feature.SSSE3;
        }
        if (opcode >= 0xdb) {
            return Feature.AES;
        }
        if (opcode >= 0xc8) {
            return Feature.SHA;
        }
        return opcode == 0x37 ? Feature.SSE42 : Feature.SSE41;
    }

    private static Feature map3(int opcode) {
        return switch (opcode) {
            case 0x0f -> Feature.SSSE3;
            case 0x44 -> Feature.PCLMULQDQ;
            case 0x60, 0x61, 0x62, 0x63 -> Feature.SSE42;
            case 0xcc -> Feature.SHA;
            case 0xdf -> Feature.AES;
            default -> Feature.SSE41;
        };
    }

    /** 256-bit integer arithmetic came with AVX2; moves and floating point have it since AVX. */
    private static Feature vexMap1(Instruction in, int opcode) {
        boolean integer = opcode >= 0x60 && opcode <= 0x76 && opcode != 0x6e && opcode != 0x6f
                || opcode >= 0xd1 && opcode != 0xd6 && opcode != 0xe6 && opcode != 0xe7 && opcode != 0xf0;
        return in.vexL && integer ? Feature.AVX2 : Feature.AVX;
    }

    private static Feature vexMap2(Instruction in, int opcode) {
        return switch (opcode) {
            case 0x0c, 0x0d, 0x0e, 0x0f, 0x17, 0x1a, 0x2c, 0x2d, 0x2e, 0x2f -> Feature.AVX;
            case 0x13 -> Feature.F16C;
            case 0x18, 0x19 -> in.memory ? Feature.AVX : Feature.AVX2;
            case 0x16, 0x36, 0x45, 0x46, 0x47, 0x58, 0x59, 0x5a, 0x78, 0x79, 0x8c, 0x8e, 0x90, 0x91, 0x92, 0x93 ->
                Feature.AVX2;
            case 0xdb, 0xdc, 0xdd, 0xde, 0xdf -> Feature.AES;
            default -> {
                if (opcode >= 0x96 && opcode <= 0xbf) {
                    yield Feature.FMA;
                }
                yield in.vexL ? Feature.AVX2 : Feature.AVX;
            }
        };
    }

    private static Feature vexMap3(Instruction in, int opcode) {
        return switch (opcode) {
            case 0x00, 0x01, 0x02, 0x38, 0x39, 0x46 -> Feature.AVX2;
            case 0x0e, 0x0f, 0x42, 0x4c -> in.vexL ? Feature.AVX2 : Feature.AVX;
            case 0x1d -> Feature.F16C;
            case 0x44 -> Feature.PCLMULQDQ;
            case 0xdf -> Feature.AES;
            default -> Feature.AVX;
        };
    }
}

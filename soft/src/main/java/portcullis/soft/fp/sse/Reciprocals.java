package portcullis.soft.fp.sse;

import static portcullis.soft.fp.sse.BinaryFormat.BINARY32;

/**
 * RCPSS and RSQRTSS: approximations with a relative error below 1.5 * 2^-12. They know no flags, no rounding control and no
 * masks; denormals are zeros.
 *
 * <p>The manuals leave the bits open. These are AMD Zen 4's: the result depends on the operand's leading 12 fraction bits (and for
 * the root on the exponent's parity) and has 12 fraction bits itself. A table holds by how much hardware differs from the
 * reciprocal of the interval's middle, rounded: -1, 0 or 1 unit. Intel's tables differ; a comparison with such a host has to
 * leave these instructions out.
 */
public final class Reciprocals {
    private static final int INDEX_BITS = 12;
    private static final int ENTRIES = 1 << INDEX_BITS;
    private static final int DROPPED_BITS = 23 - INDEX_BITS;
    private static final int BIAS = 127;

    // Four corrections a character, as base 3 digits from the lowest, added to '('; the backslash is skipped.
    private static final String RECIPROCAL_CORRECTIONS =
            "LPuyLPuyLPuyLPLPuyuyuTuyMPuPuQuTuTuTuQuPYPPPuTuPy^uQy^uPvTYPuPM)+GPS4PY]4GPSSpvyOlYSSmv]]pv]]pv]SmYSPPP5"
                    + "SmYP]pYS]pYS]mP5SQM+^pY5FPZvFYZyFYZvFPYZPZyyFPPZPZZZPZZZPZZZPZPPoyyZPZQPoZZZoyZZpyZZo^ZQ4Pm]Yovy4PlYPSm]"
                    + "YSv]YSm]PPmY4PPPYSmYPPPPPPPPYSmPYSmPYSPPPPM4]pmPLMPSOQQTlmmplmmplmmplmQTPQPSxvvplQQSuvmTPPMGPQPGPQPGPQMG"
                    + "PPD,xmQSPPuP^lyx5PlPYPxP]PyP^PyP^PxP]PuPPPPO^lyP]PPP^PyP5PP(^PPL^PPO^PPOPPPlPPPPlyyyPPPyPPPPPPPlyyyyPPPP"
                    + "PPPPPPPPPPPPPPPPPPPPyyyy^PPPPPPPPYPPPuyy)LPPPPPPPuQPPuTPPuTPPuQPPPPP5LPPPuyPPYPPTuyQPYPPQuTPPLP)lTu^l^uy"
                    + "CPLPCPLPl^u^lTuTlQuPPPPPmyuTlQYPGPL,lQYPm^uQPPM5lPPPlTYPMGPPMGPPMGPPMG5PumT^ulQTYlPQMG5PulQTPP5PumQQPG55"
                    + "ulPPvmQTPG,,YP55PYYYPuuuluuYPYYYPYYYGPPPGMMMmuuuPYYPGPMMluYYGPMMlYYPGMMLPYPMmuYPPPlYPSmuYSmvYSpvYSpvYSpv"
                    + "YSmvYSmYPPlYPPPPM4GMYSmYPPPPv]pvYPPPM4GM+M4PPYPYSvSv4P4PPPPYPYSYSZSvSv]v4M4M4M4P4M4M4M4M]vSvSZSZSYSYPPPP"
                    + "5POM]voZSYlP5POMSZoYPPPMSZoYPPOMSZlP5MF2SPPMSZlP^voY5PF2SPPMSYPPFO2PFPMPFPMPFPMPFP2PFO2MooZZooYZPoPYPPPP"
                    + "FP2MooYZPlPPFP22ooPYPP2PoSPZP52PoSPYP522lSPPoSZZP522lSPPoSPPx^ZZP522P522oSPPoSPPoSPPoSPP";
    private static final String EVEN_ROOT_CORRECTIONS =
            "((PP((PP((PPPPyyPPTP((PPPPTPPPyy,(PPP,PPPPPPPPPPP5PPP,PP5(P5PP^PP^Py,PPPP^Py)P,PPPPQPTPTP^P^PyPyP^P^P^PT"
                    + "PTPQPP5P,P)PPTPQPP,PP^PQPPQYlQ^uD5PMGPPPPPQPlPQYlPQPlPQPPPPMG5PLmT^ulPQPP5PLmQTPPPPLlQQPGYYYluuuCMMMDPPP"
                    + "GPPPGPPPGPPPGPPPGPPPDMMMmuuuPYYYGPPMmvuYPYPPmvuY4,GMPPPYSTmu45GMP5PPPQPYSQmYSTmYSTmYSTmYSQmYSQPPSQPPP5GM"
                    + "]TmYSQPPM4PPYSv]PPYSYSv]PPPPYSvSM4P5PPYPYSZSvSv]M4P4P5P5PPPPPPPPPPPPPPPPSZpZSZpYSYmYPPQP5PPMSZpZSYmP5PPM"
                    + "SZpYPPQPSZpYPPQMSZpP5PP2SYQP]ZpYPSPQoSZmo]ZpO5PGPPPGPPPPPSPPPSPQPSPPPSPPPPPGP5PGO52Go]ZQoSYQPSPGZZvyPPZZ"
                    + "MPPPZZZvPPPZZZvyPPPZZZZyPPPYZZZZMPPPPPYZZZZZ2PPPPPPPPZZZPPPPPPPPloooooooooooooooooooooooooooooooooPPPPPP"
                    + "PPPPyypoooooooSPPPZZPPPPooy^PPZZPFPPoSZZPPQPoo^ZPPZPoo^ZPPPPoSZZPFPPPPZQoo^ZPGPP2PPOPSPYQooYZyox2PPOPPPP"
                    + "PSPYPoSYQoSYZooYZpoYZpo]Zpo]ZpoYZpoYZoSYPPSPGPPPF5PGoZyoSZpSPQoPPPSPF5PGSZpoPQoPGPPGoZpoPQoPG5PGSZoSPPPP"
                    + "oYm]PPPYoYmxPPPYoYm]POMPoYm]POMPSYlYpYm]POMPSYlYpYm]POMPPPPYoYlYG5G4PPPOPQSPSZSYoZoYpZpYp^p]P5P4P5POPPPO"
                    + "PPPOPPPPPQPPPPPOPPPOPPPOYSYSYSPSPSPPPPPPOP4P]y]p]pYpYoYSPSPPPPOP]p]pYpYSYSPPPP4P]pYoYSPP";
    private static final String ODD_ROOT_CORRECTIONS =
            "MPPYPSmuYSpv14GML4GMu]pvY]pvYSmYYSmYPPPPv]pvYSmYP5GMYSmYP4GMYSPPPYPPSZSmSv]m4P4G5P5G5P5G5P5G5P5G5P4G]v]m"
                    + "SZSQSYPG5P4D]vSQSP5G]vSQSYQo4MGOPPQlSZmo4MGO5PPPSPQlSYQoSZmoSZmoSZmoSZQoSZQoSYQPSPPP5PGO52PPSYZZSPPY52MP"
                    + "SPZZ5MPPSPZZ52PPSPPY^ZZZ5PPPSPPP]ZZZ522252PPSPPPooooooooooooooooooooooooooPPPPPPPPPPGFFFooooPPPPPPFFoooP"
                    + "PPPPooooMPPYmooxMPPYlooYMPGOlSPYmoo]MPGOlPPPloPYvooYMGFOMPGOPPPOPPPOlPPPoYZpoYZooYZoSYQoSYQoPYPSPPPPPO2P"
                    + "o]ZpSYQoPPPPPO2PoYZoPYPPGO2GSYQSPOPPoYmSPPPPoYmSPOMPoYmSPOMGSYlPoYmSPOMGSYPPoYmSG4MFPPMGSYPPoYlPPMPPPPYP"
                    + "YPYlYlYlYlYmYmYmYmYmYmYmYmYmYlYlYlYPYPYPPPPPPMPMOM4M]m]mPmYoPPPSGMOPSv]pPmYSGPPPFM4GPmYSGMPPSmYpPPPPGM4G"
                    + "PPYSGM4GPlYSGM4GPPPPpv]pPPPPSmYSGM4GPPPPSmYSGM4GPPPPSmYSGM4GPPPPSmPPSmYSpv]pGM4GM4GPM4GPPPGPPPPSQPPSmPPS"
                    + "mYPSmYSSmYSSmYSSmYSSmYPSmYPSmPPSQPPSPPPP4,GM]SpmYSTmYPSQPPPP5GPM4,GMYSTmYPSPPGPP4,GMYSSmPPPP5GGMYSTmPPPP"
                    + "4GGMYSSQPGPM]STmPPPP4,GDYPSP5GGMYSSP5GGMYSSP5GGMYPSP5,GDYPPP]STmGGPPPSSS,GGGPPPSSSST,GGGPPPSSSST,GGGGPPP"
                    + "PSSSSTTTGGGGGPPPPPSSSSST,,,GGGGGGPPPPPPPSSSSSSSTTTTT,,,,GGGGGGGGGGGGGPPPPPPPPPPPPPPPPPPP";

    /** Results for exponent 0 (and 1 for the odd roots): whole binary32 patterns. */
    private static final int[] RECIPROCALS = new int[ENTRIES];

    private static final int[] EVEN_ROOTS = new int[ENTRIES];
    private static final int[] ODD_ROOTS = new int[ENTRIES];

    static {
        for (int i = 0; i < ENTRIES; i++) {
            double middle = 1 + (i + 0.5) / ENTRIES;
            RECIPROCALS[i] = entry(1 / middle, RECIPROCAL_CORRECTIONS, i);
            EVEN_ROOTS[i] = entry(1 / Math.sqrt(middle), EVEN_ROOT_CORRECTIONS, i);
            ODD_ROOTS[i] = entry(1 / Math.sqrt(2 * middle), ODD_ROOT_CORRECTIONS, i);
        }
    }

    private Reciprocals() {}

    private static int entry(double exact, String corrections, int index) {
        int digits = corrections.charAt(index / 4) - '(';
        if (digits > '\\' - '(') {
            digits--;
        }
        for (int skip = index % 4; skip > 0; skip--) {
            digits /= 3;
        }
        // Results lie in [1/2, 1): their unit is 2^-13.
        double units = Math.floor(exact * 2 * ENTRIES + 0.5) + digits % 3 - 1;
        return Float.floatToRawIntBits((float) (units / (2 * ENTRIES)));
    }

    /** RCPSS. */
    public static int reciprocal(int a) {
        int sign = a & Integer.MIN_VALUE;
        int biased = a >>> 23 & 0xff;
        if (biased == 0xff) {
            return isNan(a) ? a | (int) BINARY32.quietBit : sign;
        }
        if (biased == 0) {
            return sign | (int) BINARY32.infinity;
        }
        int result = RECIPROCALS[index(a)] + (BIAS - biased << 23);
        // The reciprocals of the largest numbers would be denormals.
        return result < 1 << 23 ? sign : sign | result;
    }

    /** RSQRTSS. */
    public static int reciprocalSquareRoot(int a) {
        int biased = a >>> 23 & 0xff;
        if (isNan(a)) {
            return a | (int) BINARY32.quietBit;
        }
        if (biased == 0) {
            return a & Integer.MIN_VALUE | (int) BINARY32.infinity;
        }
        if (a < 0) {
            return (int) BINARY32.defaultNan;
        }
        if (biased == 0xff) {
            return 0;
        }
        boolean even = (biased - BIAS & 1) == 0;
        int exponent = biased - BIAS >> 1;
        return (even ? EVEN_ROOTS : ODD_ROOTS)[index(a)] - (exponent << 23);
    }

    private static int index(int a) {
        return a >>> DROPPED_BITS & ENTRIES - 1;
    }

    private static boolean isNan(int a) {
        return (a & Integer.MAX_VALUE) > (int) BINARY32.infinity;
    }
}

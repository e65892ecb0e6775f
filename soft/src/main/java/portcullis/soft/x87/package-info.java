/**
 * The x87 instructions: opcodes D8 to DF and FWAIT. The register stack is here ({@link portcullis.soft.x87.X87Unit}), the
 * arithmetic in {@code portcullis.soft.fp.x87}; FXSAVE and XSAVE are in {@code portcullis.soft.system}.
 *
 * <p>Where manuals leave things open or vendors differ, this unit does as follows:
 * <ul>
 *   <li>Instruction pointer, data pointer and opcode are those of the last instruction that is no control instruction, always and not
 *       only after exceptions; selectors are kept too.
 *   <li>Condition codes that the manual calls undefined keep their values. C1 is cleared by everything that does not set it, but for
 *       FNOP, FCMOVcc and the comparisons that set RFLAGS, which leave it.
 *   <li>The encodings that manuals reserve but processors have always had are there (FFREEP, second forms of FCOM, FCOMP, FXCH and
 *       FSTP, FNENI, FNDISI, FNSETPM).
 *   <li>With CR0.NE clear a pending exception is reported by an interrupt from outside of the processor. There is no such wire: the
 *       status word shows the exception and instructions go on.
 * </ul>
 */
package portcullis.soft.x87;

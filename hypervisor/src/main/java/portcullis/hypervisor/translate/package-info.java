/** HvCallTranslateVirtualAddress and its Ex form (TLFS; DESIGN.md, section 6). */
package portcullis.hypervisor.translate;

/**
 * Protection: segment loads, far transfers, exception and interrupt delivery, task switches (SDM volume 3, chapters 5 to 7).
 */
package portcullis.soft.protect;

/**
 * Messages that the hypervisor or another partition sends: types, header, payloads. Start reading at {@link
 * portcullis.tlfs.message.SynicMessages}.
 */
package portcullis.tlfs.message;

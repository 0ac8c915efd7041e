/**
 * The messages of the contract, made from domain objects; used where calls come in and where events
 * go out.
 */
package banyan.payment.contract;

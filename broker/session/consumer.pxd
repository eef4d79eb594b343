from broker.message cimport Message
